package connecttest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Template is a template as JSON has it.
type Template map[string]any

// Field is one of the template's texts, "" when it is none.
func (t Template) Field(name string) string {
	s, _ := t[name].(string)
	return s
}

// Record is one record that a link wants written.
type Record struct {
	Name string // without a final dot
	Type string // SPFM for a part of an SPF record
	Data string // as a person reads it: TXT without quotes, "10 host" for MX
}

// String is the record on one line.
func (r Record) String() string { return r.Name + " " + r.Type + " " + r.Data }

// Read checks a link's query by the keys in DNS and says what it wants written.
// txt looks up TXT records.
func (t Template) Read(query string, txt func(name string) []string) ([]Record, error) {
	if err := t.verify(query, txt); err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	scope := values.Get("domain")
	if host := values.Get("host"); host != "" {
		scope = host + "." + scope
	}
	groups := strings.Split(values.Get("groupId"), ",")
	var list []Record
	for _, r := range t["records"].([]any) {
		record := Template(r.(map[string]any))
		if !slices.Contains(groups, record.Field("groupId")) {
			continue
		}
		filled, err := record.fill(scope, values)
		if err != nil {
			return nil, err
		}
		list = append(list, filled)
	}
	return list, nil
}

var variable = regexp.MustCompile(`%[^%]*%`)

// fill puts the link's values into one record of a template.
func (t Template) fill(scope string, values url.Values) (Record, error) {
	var missing []string
	field := func(name string) string {
		return variable.ReplaceAllStringFunc(t.Field(name), func(v string) string {
			v = strings.Trim(v, "%")
			if !values.Has(v) {
				missing = append(missing, v)
			}
			return values.Get(v)
		})
	}
	r := Record{Name: scope, Type: t.Field("type"), Data: field("pointsTo") + field("data") + field("spfRules")}
	if host := field("host"); host != "@" {
		r.Name = host + "." + scope
	}
	if r.Type == "MX" {
		r.Data = fmt.Sprint(t["priority"]) + " " + r.Data
	}
	if len(missing) > 0 {
		return r, fmt.Errorf("the template needs %q, which the link does not give", missing)
	}
	return r, nil
}

// verify checks the signature over what stands before it (§8.3).
func (t Template) verify(query string, txt func(name string) []string) error {
	signed, rest, found := strings.Cut(query, "&sig=")
	if !found {
		return errors.New("the link is not signed")
	}
	values, err := url.ParseQuery("sig=" + rest)
	if err != nil {
		return err
	}
	public, err := readKey(txt(values.Get("key") + "." + t.Field("syncPubKeyDomain")))
	if err != nil {
		return err
	}
	signature, err := base64.StdEncoding.DecodeString(values.Get("sig"))
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(signed))
	return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
}

// readKey puts a key together from its records, which DNS keeps in no order
// (§6.4).
func readKey(records []string) (*rsa.PublicKey, error) {
	parts := map[int]string{}
	for _, text := range records {
		if len(text) > 255 {
			return nil, fmt.Errorf("a key record has %d octets", len(text))
		}
		for pair := range strings.SplitSeq(text, ",") {
			if p, ok := strings.CutPrefix(pair, "p="); ok {
				n, err := strconv.Atoi(p)
				if err != nil {
					return nil, err
				}
				_, parts[n], _ = strings.Cut(text, ",d=")
			}
		}
	}
	encoded := ""
	for _, n := range slices.Sorted(maps.Keys(parts)) {
		encoded += parts[n]
	}
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("the key in DNS: %w", err)
	}
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the key in DNS is %T", public)
	}
	return key, nil
}
