# acme.example. TXT: put include:x EVIL IN TXT y z into the SPF record that is there

variable "zone_acme_example_zone_id" {
  description = "ID of the hosted zone."
  type        = string
}

resource "aws_route53_record" "mail__dmarc_acme_example_txt" {
  zone_id = var.zone_acme_example_zone_id
  name    = "_dmarc.acme.example"
  type    = "TXT"
  ttl     = 3600
  records = ["v=DMARC1; \\\"q\\\" \\\\b $${var.x} %%{if} </script> \\195\\169 \\001 '=1"]
}

resource "aws_route53_record" "mail_a_b_c_d_acme_example_cname" {
  zone_id = var.zone_acme_example_zone_id
  name    = "a;b\"c$d.acme.example"
  type    = "CNAME"
  ttl     = 3600
  records = ["x(y)@z.plat.example"]
}
