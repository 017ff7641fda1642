# acme.example. TXT: put include:spf.plat.example into the SPF record that is there

variable "zone_acme_example_resource_group" {
  description = "Resource group of the DNS zone."
  type        = string
}

resource "azurerm_dns_cname_record" "mail_e1-k7f3q9x2__domainkey_acme_example_cname" {
  name                = "e1-k7f3q9x2._domainkey"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600
  record              = "e1-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example"
}

resource "azurerm_dns_cname_record" "mail_s1-k7f3q9x2__domainkey_acme_example_cname" {
  name                = "s1-k7f3q9x2._domainkey"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600
  record              = "s1-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example"
}

resource "azurerm_dns_cname_record" "mail_s2-k7f3q9x2__domainkey_acme_example_cname" {
  name                = "s2-k7f3q9x2._domainkey"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600
  record              = "s2-k7f3q9x2.k7f3q9x2abcdefghijklmnopqr.dkim.plat.example"
}

resource "azurerm_dns_cname_record" "mail_bounce-k7f3q9x2_acme_example_cname" {
  name                = "bounce-k7f3q9x2"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600
  record              = "k7f3q9x2abcdefghijklmnopqr.rp.plat.example"
}

resource "azurerm_dns_txt_record" "mail__dmarc_acme_example_txt" {
  name                = "_dmarc"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600

  record {
    value = "v=DMARC1; p=none; rua=mailto:k7f3q9x2abcdefghijklmnopqr@dmarc.plat.example"
  }
}
