package access

import "github.com/myodai/myodai"

// parseLanguage checks a language that people may choose; "" means English.
func parseLanguage(s string) (string, error) {
	switch s {
	case "", "en":
		return "en", nil
	case "ja":
		return "ja", nil
	}
	return "", myodai.Refuse(myodai.CodeInvalid, "language", "the language is en or ja")
}
