package console

import (
	"cmp"
	"errors"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// classPrefix is what the names of the inputs of the class at a place begin with,
// as refusals name it.
func classPrefix(at int) string { return "classes[" + strconv.Itoa(at) + "]." }

// readPolicy is what a form says, which was made of the layers. Classes that are
// as below say nothing.
func readPolicy(form url.Values, layers policyLayers) (myodai.Policy, error) {
	p := myodai.Policy{
		Verification: myodai.Verification(form.Get("verification")), Addresses: myodai.AddressRule(form.Get("addresses")),
		Suppressed: myodai.SuppressedRule(form.Get("suppressed")), AuditRequired: myodai.Switch(form.Get("audit_required")),
		TLS:                 myodai.TLSRule(form.Get("tls")),
		ConfirmationSubject: strings.TrimSpace(form.Get("confirmation_subject")),
	}
	for _, word := range strings.FieldsFunc(form.Get("free_mail_allowed"), func(c rune) bool { return strings.ContainsRune(", \t\r\n", c) }) {
		name, err := myodai.ParseName(word)
		if err != nil {
			return p, inField(err, "free_mail_allowed")
		}
		p.FreeMailAllowed = append(p.FreeMailAllowed, name)
	}
	classes, problem := readClasses(form, layers.Set.Over(layers.Below).Classes)
	if !reflect.DeepEqual(classes, layers.Below.Classes) {
		p.Classes = classes
	}
	if form.Get("senders_rule") == "list" {
		list, err := myodai.ParseSenderList(form.Get("senders"))
		if err != nil {
			return p, inField(err, "senders")
		}
		p.Senders = &list
	}
	for name, span := range map[string]*myodai.Span{
		"confirmation_life": &p.ConfirmationLife, "keep_bodies": &p.KeepBodies, "keep_records": &p.KeepRecords,
	} {
		if err := readSpan(span, form.Get(name)); err != nil {
			return p, inField(err, name)
		}
	}
	return p, problem
}

// readClasses changes the classes there are as a form says.
func readClasses(form url.Values, list []myodai.Class) ([]myodai.Class, error) {
	out := make([]myodai.Class, 0, len(list))
	var problem error
	for i, c := range list {
		prefix := classPrefix(i)
		if !form.Has(prefix + "route") { // a form of before there was this class
			out = append(out, c)
			continue
		}
		if route := myodai.Route(form.Get(prefix + "route")); route != cmp.Or(c.Route, myodai.RouteDelivery) {
			c.Route = route
		}
		if rule := myodai.UnverifiedRule(form.Get(prefix + "unverified")); rule != cmp.Or(c.Unverified, myodai.UnverifiedRefuse) {
			c.Unverified = rule
		}
		if rule := myodai.ReturnPathRule(form.Get(prefix + "return_path")); form.Has(prefix+"return_path") && rule != cmp.Or(c.ReturnPath, myodai.ReturnPathRecipient) {
			c.ReturnPath = rule
		}
		c.Unsubscribe = form.Get(prefix+"unsubscribe") == "on"
		c.Track = myodai.Track{Opens: form.Get(prefix+"opens") == "on", Clicks: form.Get(prefix+"clicks") == "on"}
		c.Life = 0
		if err := readSpan(&c.Life, form.Get(prefix+"life")); err != nil && problem == nil {
			problem = inField(err, prefix+"life")
		}
		out = append(out, c)
	}
	return out, problem
}

// readSpan reads a length of time; "" is none.
func readSpan(span *myodai.Span, text string) error {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	return span.UnmarshalText([]byte(text))
}

func spanText(span myodai.Span) string {
	text, _ := span.MarshalText() // does not fail
	return string(text)
}

// namesText writes names with a line for each.
func namesText(names []myodai.Name) string {
	lines := make([]string, 0, len(names))
	for _, n := range names {
		lines = append(lines, string(n))
	}
	return strings.Join(lines, "\n")
}

// inField says of a refusal which field of the form it is about.
func inField(err error, field string) error {
	refusal, ok := errors.AsType[*myodai.Error](err)
	if !ok {
		return err
	}
	about := *refusal
	about.Field = field
	return &about
}
