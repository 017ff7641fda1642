// acme.example. TXT: put include:spf.plat.example into the SPF record that is there
D_EXTEND("acme.example",
  CNAME("e1-k7f3q9x2._domainkey", "e1-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example.", TTL(3600)),
  CNAME("s1-k7f3q9x2._domainkey", "s1-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example.", TTL(3600)),
  CNAME("s2-k7f3q9x2._domainkey", "s2-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example.", TTL(3600)),
  CNAME("bounce-k7f3q9x2", "k7f3q9x2abcdefghijklmnopqr.rp.plat.example.", TTL(3600)),
  TXT("_dmarc", "v=DMARC1; p=none; rua=mailto:k7f3q9x2abcdefghijklmnopqr@dmarc.plat.example", TTL(3600))
);
