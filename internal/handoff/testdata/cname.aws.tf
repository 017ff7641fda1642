# acme.example. TXT: put include:spf.plat.example into the SPF record that is there

variable "zone_acme_example_zone_id" {
  description = "ID of the hosted zone."
  type        = string
}

resource "aws_route53_record" "mail_e1-k7f3q9x2__domainkey_acme_example_cname" {
  zone_id = var.zone_acme_example_zone_id
  name    = "e1-k7f3q9x2._domainkey.acme.example"
  type    = "CNAME"
  ttl     = 3600
  records = ["e1-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example"]
}

resource "aws_route53_record" "mail_s1-k7f3q9x2__domainkey_acme_example_cname" {
  zone_id = var.zone_acme_example_zone_id
  name    = "s1-k7f3q9x2._domainkey.acme.example"
  type    = "CNAME"
  ttl     = 3600
  records = ["s1-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example"]
}

resource "aws_route53_record" "mail_s2-k7f3q9x2__domainkey_acme_example_cname" {
  zone_id = var.zone_acme_example_zone_id
  name    = "s2-k7f3q9x2._domainkey.acme.example"
  type    = "CNAME"
  ttl     = 3600
  records = ["s2-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example"]
}

resource "aws_route53_record" "mail_bounce-k7f3q9x2_acme_example_cname" {
  zone_id = var.zone_acme_example_zone_id
  name    = "bounce-k7f3q9x2.acme.example"
  type    = "CNAME"
  ttl     = 3600
  records = ["k7f3q9x2abcdefghijklmnopqr.rp.plat.example"]
}

resource "aws_route53_record" "mail__dmarc_acme_example_txt" {
  zone_id = var.zone_acme_example_zone_id
  name    = "_dmarc.acme.example"
  type    = "TXT"
  ttl     = 3600
  records = ["v=DMARC1; p=none; rua=mailto:k7f3q9x2abcdefghijklmnopqr@dmarc.plat.example"]
}
