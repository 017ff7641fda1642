package delivery

import "testing"

func TestReadLimits(t *testing.T) {
	for text, want := range map[string]announced{
		"":                                    {},
		"MAILMAX=5 RCPTMAX=10":                {mails: 5, recipients: 10},
		"rcptmax=10  RCPTDOMAINMAX=1":         {recipients: 10, domains: 1},
		"MAILMAX=0 RCPTMAX=-1":                {},
		"MAILMAX RCPTMAX= RCPTDOMAINMAX=many": {},
		"MAILMAX=1000000 RCPTMAX=999999":      {recipients: 999999},
		"OTHER=1;MAILMAX=5 RCPTMAX=3":         {recipients: 3},
	} {
		if got := readLimits(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}
