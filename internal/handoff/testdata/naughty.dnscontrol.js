// acme.example. TXT: put include:x EVIL IN TXT y z into the SPF record that is there
D_EXTEND("acme.example",
  TXT("_dmarc", "v=DMARC1; \"q\" \\b ${var.x} %{if} \u003c/script\u003e é \u0001 '=1", TTL(3600)),
  CNAME("a;b\"c$d", "x(y)@z.plat.example.", TTL(3600))
);
