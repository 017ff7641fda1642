# acme.example. TXT: put include:spf.plat.example into the SPF record that is there

variable "zone_acme_example_managed_zone" {
  description = "Name of the managed zone."
  type        = string
}

resource "google_dns_record_set" "mail_e1-k7f3q9x2__domainkey_acme_example_cname" {
  managed_zone = var.zone_acme_example_managed_zone
  name         = "e1-k7f3q9x2._domainkey.acme.example."
  type         = "CNAME"
  ttl          = 3600
  rrdatas      = ["e1-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example."]
}

resource "google_dns_record_set" "mail_s1-k7f3q9x2__domainkey_acme_example_cname" {
  managed_zone = var.zone_acme_example_managed_zone
  name         = "s1-k7f3q9x2._domainkey.acme.example."
  type         = "CNAME"
  ttl          = 3600
  rrdatas      = ["s1-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example."]
}

resource "google_dns_record_set" "mail_s2-k7f3q9x2__domainkey_acme_example_cname" {
  managed_zone = var.zone_acme_example_managed_zone
  name         = "s2-k7f3q9x2._domainkey.acme.example."
  type         = "CNAME"
  ttl          = 3600
  rrdatas      = ["s2-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example."]
}

resource "google_dns_record_set" "mail_bounce-k7f3q9x2_acme_example_cname" {
  managed_zone = var.zone_acme_example_managed_zone
  name         = "bounce-k7f3q9x2.acme.example."
  type         = "CNAME"
  ttl          = 3600
  rrdatas      = ["k7f3q9x2abcdefghijklmnopqr.rp.plat.example."]
}

resource "google_dns_record_set" "mail__dmarc_acme_example_txt" {
  managed_zone = var.zone_acme_example_managed_zone
  name         = "_dmarc.acme.example."
  type         = "TXT"
  ttl          = 3600
  rrdatas      = ["\"v=DMARC1; p=none; rua=mailto:k7f3q9x2abcdefghijklmnopqr@dmarc.plat.example\""]
}
