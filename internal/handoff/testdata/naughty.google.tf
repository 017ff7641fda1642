# acme.example. TXT: put include:x EVIL IN TXT y z into the SPF record that is there

variable "zone_acme_example_managed_zone" {
  description = "Name of the managed zone."
  type        = string
}

resource "google_dns_record_set" "mail__dmarc_acme_example_txt" {
  managed_zone = var.zone_acme_example_managed_zone
  name         = "_dmarc.acme.example."
  type         = "TXT"
  ttl          = 3600
  rrdatas      = ["\"v=DMARC1; \\\"q\\\" \\\\b $${var.x} %%{if} </script> \\195\\169 \\001 '=1\""]
}

resource "google_dns_record_set" "mail_a_b_c_d_acme_example_cname" {
  managed_zone = var.zone_acme_example_managed_zone
  name         = "a;b\"c$d.acme.example."
  type         = "CNAME"
  ttl          = 3600
  rrdatas      = ["x\\(y\\)\\@z.plat.example."]
}
