package console

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
)

// Setting is a setting of the program as the operator gave it. What is secret in
// it has been made unreadable.
type Setting struct {
	Key    string
	Value  string
	Source string // default, file, environment or flag
}

// SettingSections are the settings that operators see, by what they are about.
// Further ones are for who runs the machine.
var SettingSections = []struct {
	Name string
	Keys []string
}{
	{"platform", []string{"zone", "service_name", "base_url", "trusted_proxies", "notify_from", "hostname", "contact"}},
	{"dns", []string{"addresses", "name_servers", "default_shape", "ed25519", "cosign", "resolvers"}},
	{"ways", []string{"smarthost", "routes"}},
	{"tracking", []string{"track_host", "tracking_step_time"}},
	{"certificates", []string{"acme_directory", "acme_contact", "acme_ca_domains", "tls_cert"}},
	{"machine", []string{"database", "roles"}},
}

// platformSettings is how the platform is set up.
type platformSettings struct {
	Decisions []decisionLine // by the operators, in the console
	Sections  []settingSection
}

// decisionLine is a part of the policy, and what it means.
type decisionLine struct{ Name, Value, Hint string }

type settingSection struct {
	ID, Name string
	Lines    []settingLine
}

// settingLine is one setting from the configuration.
type settingLine struct{ Key, Value, Source, Hint string }

func showSettings(v *visit) error {
	policy, err := v.o.Store.Policy(v.r.Context(), "")
	if err != nil {
		return err
	}
	return v.show("settings", v.say("settings.title"), newPlatformSettings(v.reader, policy, v.o.Settings))
}

func newPlatformSettings(r reader, policy myodai.Policy, settings []Setting) platformSettings {
	view := platformSettings{Decisions: decisions(r, policy)}
	for _, section := range SettingSections {
		shown := settingSection{ID: section.Name, Name: r.say("settings.about_" + section.Name)}
		for _, key := range section.Keys {
			i := slices.IndexFunc(settings, func(s Setting) bool { return s.Key == key })
			if i < 0 {
				continue
			}
			shown.Lines = append(shown.Lines, settingLine{
				key, settings[i].Value, r.say("settings.from_" + settings[i].Source), r.say("settings.of_" + key),
			})
		}
		if len(shown.Lines) > 0 {
			view.Sections = append(view.Sections, shown)
		}
	}
	return view
}

// decisions are what the platform's policy says where no tenant's says otherwise
// (F2 to F6).
func decisions(r reader, p myodai.Policy) []decisionLine {
	free := make([]string, 0, len(p.FreeMailAllowed))
	for _, name := range p.FreeMailAllowed {
		free = append(free, string(name))
	}
	if len(free) == 0 {
		free = []string{r.say("settings.free_mail_none")}
	}
	list := []decisionLine{
		{r.say("policy.verification"), r.say("policy.verification_" + string(p.Verification)), r.say("policy.verification_hint")},
		{r.say("policy.free_mail_allowed"), strings.Join(free, ", "), r.say("settings.free_mail_hint")},
		{r.say("policy.addresses"), r.say("policy.addresses_" + string(p.Addresses)), r.say("settings.accounts_hint")},
		{r.say("policy.confirmation_life"), spanText(p.ConfirmationLife), r.say("settings.life_hint")},
	}
	for _, class := range p.Classes {
		list = append(list, decisionLine{
			r.say("settings.unverified", string(class.Name)), r.say("policy.unverified_" + string(class.Unverified)), r.say("settings.unverified_hint"),
		})
	}
	return list
}
