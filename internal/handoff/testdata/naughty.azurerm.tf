# acme.example. TXT: put include:x EVIL IN TXT y z into the SPF record that is there

variable "zone_acme_example_resource_group" {
  description = "Resource group of the DNS zone."
  type        = string
}

resource "azurerm_dns_txt_record" "mail__dmarc_acme_example_txt" {
  name                = "_dmarc"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600

  record {
    value = "v=DMARC1; \"q\" \\b $${var.x} %%{if} </script> é \u0001 '=1"
  }
}

resource "azurerm_dns_cname_record" "mail_a_b_c_d_acme_example_cname" {
  name                = "a;b\"c$d"
  zone_name           = "acme.example"
  resource_group_name = var.zone_acme_example_resource_group
  ttl                 = 3600
  record              = "x(y)@z.plat.example"
}
