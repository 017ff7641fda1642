# acme.example. TXT: put include:spf.plat.example into the SPF record that is there

variable "zone_acme_example_resource_group" {
  description = "Resource group of the DNS zone."
  type        = string
}

resource "azurerm_dns_txt_record" "mail_e1-k7f3q9x2__domainkey_acme_example_txt" {
  name                = "e1-k7f3q9x2._domainkey"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600

  record {
    value = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
  }
}

resource "azurerm_dns_txt_record" "mail_s1-k7f3q9x2__domainkey_acme_example_txt" {
  name                = "s1-k7f3q9x2._domainkey"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600

  record {
    value = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu5oIUrFDWZK7F4thFxpZa2or6jBEX3cSL6b2TJdPkO5iNn9vHNXhNX31nOefN8FksX94YbLJ8NHcFPbaZTW8R2HthYxRaCyqodxlLHibg8aHdfa+bxKeiI/xABRuAM0WG0JEDSyakMFqIO40ghj/h7DUc/4OXNdeQhrKDTlgf2bd+FjpJ3bNAFcMYa3Oeju33b2Tp+PdtqIwXRZksfuXh7m30kuyavp3Uaso145DRBaJZA55lNxmHWMgMjO+YjNeuR6j4oQqyGwzPaVcSdOG8Js2mXt+J3Hr+nNmJGxZUUW4Uw5ws08wT9opRgSpn+ThX2d1AgQePpGrWOamC3PdcwIDAQAB"
  }
}

resource "azurerm_dns_txt_record" "mail_s2-k7f3q9x2__domainkey_acme_example_txt" {
  name                = "s2-k7f3q9x2._domainkey"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600

  record {
    value = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu5oIUrFDWZK7F4thFxpZa2or6jBEX3cSL6b2TJdPkO5iNn9vHNXhNX31nOefN8FksX94YbLJ8NHcFPbaZTW8R2HthYxRaCyqodxlLHibg8aHdfa+bxKeiI/xABRuAM0WG0JEDSyakMFqIO40ghj/h7DUc/4OXNdeQhrKDTlgf2bd+FjpJ3bNAFcMYa3Oeju33b2Tp+PdtqIwXRZksfuXh7m30kuyavp3Uaso145DRBaJZA55lNxmHWMgMjO+YjNeuR6j4oQqyGwzPaVcSdOG8Js2mXt+J3Hr+nNmJGxZUUW4Uw5ws08wT9opRgSpn+ThX2d1AgQePpGrWOamC3PdcwIDAQAB"
  }
}

resource "azurerm_dns_mx_record" "mail_bounce-k7f3q9x2_acme_example_mx" {
  name                = "bounce-k7f3q9x2"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600

  record {
    preference = 10
    exchange   = "k7f3q9x2abcdefghijklmnopqr.rp.plat.example."
  }
}

resource "azurerm_dns_txt_record" "mail_bounce-k7f3q9x2_acme_example_txt" {
  name                = "bounce-k7f3q9x2"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600

  record {
    value = "v=spf1 include:k7f3q9x2abcdefghijklmnopqr.rp.plat.example -all"
  }
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
