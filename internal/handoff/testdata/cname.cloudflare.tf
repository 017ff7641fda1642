# acme.example. TXT: put include:spf.plat.example into the SPF record that is there

variable "zone_acme_example_zone_id" {
  description = "ID of the zone at Cloudflare."
  type        = string
}

resource "cloudflare_dns_record" "mail_e1-k7f3q9x2__domainkey_acme_example_cname" {
  zone_id = var.zone_acme_example_zone_id
  name    = "e1-k7f3q9x2._domainkey.acme.example"
  type    = "CNAME"
  content = "e1-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example"
  proxied = false
  ttl     = 3600
}

resource "cloudflare_dns_record" "mail_s1-k7f3q9x2__domainkey_acme_example_cname" {
  zone_id = var.zone_acme_example_zone_id
  name    = "s1-k7f3q9x2._domainkey.acme.example"
  type    = "CNAME"
  content = "s1-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example"
  proxied = false
  ttl     = 3600
}

resource "cloudflare_dns_record" "mail_s2-k7f3q9x2__domainkey_acme_example_cname" {
  zone_id = var.zone_acme_example_zone_id
  name    = "s2-k7f3q9x2._domainkey.acme.example"
  type    = "CNAME"
  content = "s2-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example"
  proxied = false
  ttl     = 3600
}

resource "cloudflare_dns_record" "mail_bounce-k7f3q9x2_acme_example_cname" {
  zone_id = var.zone_acme_example_zone_id
  name    = "bounce-k7f3q9x2.acme.example"
  type    = "CNAME"
  content = "k7f3q9x2abcdefghijklmnopqr.rp.plat.example"
  proxied = false
  ttl     = 3600
}

resource "cloudflare_dns_record" "mail__dmarc_acme_example_txt" {
  zone_id = var.zone_acme_example_zone_id
  name    = "_dmarc.acme.example"
  type    = "TXT"
  content = "\"v=DMARC1; p=none; rua=mailto:k7f3q9x2abcdefghijklmnopqr@dmarc.plat.example\""
  ttl     = 3600
}
