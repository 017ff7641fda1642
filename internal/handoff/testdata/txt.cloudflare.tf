# acme.example. TXT: put include:spf.plat.example into the SPF record that is there

variable "zone_acme_example_zone_id" {
  description = "ID of the zone at Cloudflare."
  type        = string
}

resource "cloudflare_dns_record" "mail_e1-k7f3q9x2__domainkey_acme_example_txt" {
  zone_id = var.zone_acme_example_zone_id
  name    = "e1-k7f3q9x2._domainkey.acme.example"
  type    = "TXT"
  content = "\"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\""
  ttl     = 3600
}

resource "cloudflare_dns_record" "mail_s1-k7f3q9x2__domainkey_acme_example_txt" {
  zone_id = var.zone_acme_example_zone_id
  name    = "s1-k7f3q9x2._domainkey.acme.example"
  type    = "TXT"
  content = "\"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu5oIUrFDWZK7F4thFxpZa2or6jBEX3cSL6b2TJdPkO5iNn9vHNXhNX31nOefN8FksX94YbLJ8NHcFPbaZTW8R2HthYxRaCyqodxlLHibg8aHdfa+bxKeiI/xABRuAM0WG0JEDSyakMFqIO40ghj/h7DUc/4OXNdeQhrKDTlgf2bd+FjpJ3bNAFcMYa3Oeju33\" \"b2Tp+PdtqIwXRZksfuXh7m30kuyavp3Uaso145DRBaJZA55lNxmHWMgMjO+YjNeuR6j4oQqyGwzPaVcSdOG8Js2mXt+J3Hr+nNmJGxZUUW4Uw5ws08wT9opRgSpn+ThX2d1AgQePpGrWOamC3PdcwIDAQAB\""
  ttl     = 3600
}

resource "cloudflare_dns_record" "mail_s2-k7f3q9x2__domainkey_acme_example_txt" {
  zone_id = var.zone_acme_example_zone_id
  name    = "s2-k7f3q9x2._domainkey.acme.example"
  type    = "TXT"
  content = "\"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu5oIUrFDWZK7F4thFxpZa2or6jBEX3cSL6b2TJdPkO5iNn9vHNXhNX31nOefN8FksX94YbLJ8NHcFPbaZTW8R2HthYxRaCyqodxlLHibg8aHdfa+bxKeiI/xABRuAM0WG0JEDSyakMFqIO40ghj/h7DUc/4OXNdeQhrKDTlgf2bd+FjpJ3bNAFcMYa3Oeju33\" \"b2Tp+PdtqIwXRZksfuXh7m30kuyavp3Uaso145DRBaJZA55lNxmHWMgMjO+YjNeuR6j4oQqyGwzPaVcSdOG8Js2mXt+J3Hr+nNmJGxZUUW4Uw5ws08wT9opRgSpn+ThX2d1AgQePpGrWOamC3PdcwIDAQAB\""
  ttl     = 3600
}

resource "cloudflare_dns_record" "mail_bounce-k7f3q9x2_acme_example_mx" {
  zone_id  = var.zone_acme_example_zone_id
  name     = "bounce-k7f3q9x2.acme.example"
  type     = "MX"
  content  = "k7f3q9x2abcdefghijklmnopqr.rp.plat.example"
  priority = 10
  ttl      = 3600
}

resource "cloudflare_dns_record" "mail_bounce-k7f3q9x2_acme_example_txt" {
  zone_id = var.zone_acme_example_zone_id
  name    = "bounce-k7f3q9x2.acme.example"
  type    = "TXT"
  content = "\"v=spf1 include:k7f3q9x2abcdefghijklmnopqr.rp.plat.example -all\""
  ttl     = 3600
}

resource "cloudflare_dns_record" "mail__dmarc_acme_example_txt" {
  zone_id = var.zone_acme_example_zone_id
  name    = "_dmarc.acme.example"
  type    = "TXT"
  content = "\"v=DMARC1; p=none; rua=mailto:k7f3q9x2abcdefghijklmnopqr@dmarc.plat.example\""
  ttl     = 3600
}
