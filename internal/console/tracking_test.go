package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// track makes a tracking domain and brings it to a state.
func (w *world) track(t *testing.T, name, way string, change func(myodai.TrackingDomain) myodai.TrackingDomain) myodai.TrackingDomain {
	t.Helper()
	d, err := w.tracking.Register(t.Context(), w.tenant.ID, name, way)
	if err != nil {
		t.Fatal(err)
	}
	d, err = w.store.UpdateTracking(t.Context(), w.tenant.ID, d.ID, func(d myodai.TrackingDomain) (myodai.TrackingDomain, []myodai.Event, error) {
		return change(d), nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// B19 to B25: the page shows where a setup stands, and its deadline as a time.
func TestTrackingTimeline(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	for _, tt := range []struct {
		name, way string
		change    func(myodai.TrackingDomain) myodai.TrackingDomain
		steps     []string
		says      []string // in Japanese
		deadline  bool
	}{
		{"a.acme.example", "prepared", func(d myodai.TrackingDomain) myodai.TrackingDomain { return d }, []string{"now", "next", "next"}, []string{"認証", "own.plat.example"}, false},
		{"b.acme.example", "prepared", func(d myodai.TrackingDomain) myodai.TrackingDomain {
			d.State, d.ProvedAt, d.Deadline = myodai.TrackingValidating, now, now.Add(72*time.Hour)
			return d
		}, []string{"done", "now", "next"}, []string{"期限:", "_acme-challenge.b.acme.example", "acme.plat.example"}, true},
		{"c.acme.example", "prepared", func(d myodai.TrackingDomain) myodai.TrackingDomain {
			d.State, d.ProvedAt, d.CertifiedAt, d.Deadline = myodai.TrackingSwitching, now, now, now.Add(72*time.Hour)
			return d
		}, []string{"done", "done", "now"}, []string{"書き換え", "t.plat.example"}, false},
		{"d.acme.example", "prepared", func(d myodai.TrackingDomain) myodai.TrackingDomain {
			d.State, d.ProvedAt, d.Deadline = myodai.TrackingExpired, now.Add(-73*time.Hour), now.Add(-time.Hour)
			return d
		}, []string{"done", "late", "next"}, []string{"最初からやり直す", "期限切れ"}, true},
		{"e.acme.example", "direct", func(d myodai.TrackingDomain) myodai.TrackingDomain {
			d.State, d.Ready, d.ProvedAt = myodai.TrackingValidating, true, now
			return d
		}, []string{"done", "now"}, []string{"証明書を発行しています"}, false},
		{"f.acme.example", "direct", func(d myodai.TrackingDomain) myodai.TrackingDomain {
			d.State, d.ProvedAt, d.VerifiedAt = myodai.TrackingVerified, now, now
			return d
		}, []string{"done", "done"}, []string{"設定完了"}, false},
	} {
		d := w.track(t, tt.name, tt.way, tt.change)
		for _, lang := range []string{"ja", "en"} {
			p := w.as(adminToken).get("/tracking/" + string(d.ID) + "?lang=" + lang)
			if p.status != http.StatusOK {
				t.Fatalf("%s: %d\n%s", tt.name, p.status, w.log)
			}
			var steps []string
			for _, li := range p.all("ol.timeline li") {
				steps = append(steps, attr(li, "class"))
			}
			if strings.Join(steps, " ") != strings.Join(tt.steps, " ") {
				t.Errorf("%s: steps %v, want %v", tt.name, steps, tt.steps)
			}
			if got := len(p.all(".timeline .due time")) > 0; got != tt.deadline {
				t.Errorf("%s: a deadline is shown: %v", tt.name, got)
			}
			for _, text := range tt.says {
				if lang == "ja" && !strings.Contains(p.body, text) {
					t.Errorf("%s does not say %q", tt.name, text)
				}
			}
		}
	}
	if p := w.as(adminToken).get("/tracking?lang=en"); len(p.all("tbody tr")) != 6 || !strings.Contains(p.body, "2 of 3") {
		t.Errorf("the list:\n%s", p.body)
	}
}

// What a form does, who may, and what it says when it cannot.
func TestTrackingForms(t *testing.T) {
	w := newWorld(t)
	admin := w.as(adminToken)
	if p := admin.post("/tracking?lang=ja", "name", "acme.example", "way", "direct"); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "click.acme.example") {
		t.Errorf("a domain itself: %d", p.status)
	}
	p := admin.post("/tracking", "name", "click.acme.example", "way", "prepared")
	if p.status != http.StatusOK || !strings.Contains(p.body, "own.plat.example") {
		t.Fatalf("registered: %d\n%s", p.status, w.log)
	}
	list, _, err := w.store.TrackingDomains(t.Context(), w.tenant.ID, myodai.Page{})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	at := "/tracking/" + string(list[0].ID)
	for path, want := range map[string]int{at + "/check": 200, at + "/way": 422} {
		if p := admin.post(path); p.status != want {
			t.Errorf("%s: %d, want %d", path, p.status, want)
		}
	}
	if p := w.as(memberToken).get(at); p.status != http.StatusOK || strings.Contains(p.body, "action=\""+at) {
		t.Errorf("a member sees %d, and forms", p.status)
	}
	for _, act := range []string{"/check", "/way", "/restart", "/delete"} {
		if p := w.as(memberToken).post(at + act); p.status != http.StatusNotFound {
			t.Errorf("a member may %s: %d", act, p.status)
		}
		if p := w.as(strangerToken).post(at + act); p.status != http.StatusNotFound {
			t.Errorf("a stranger may %s: %d", act, p.status)
		}
	}
	if p := w.as(strangerToken).get(at); p.status != http.StatusNotFound {
		t.Errorf("a stranger sees it: %d", p.status)
	}
	if p := admin.post(at + "/delete"); p.status != http.StatusOK || !strings.Contains(p.body, "削除しました") {
		t.Errorf("deleted: %d", p.status)
	}
}

// Why there is no certificate is shown in the authority's own words, as they are.
func TestTrackingShowsTheAuthoritysWords(t *testing.T) {
	w := newWorld(t)
	d := w.track(t, "click.acme.example", "direct", func(d myodai.TrackingDomain) myodai.TrackingDomain {
		d.State, d.Ready, d.ProvedAt = myodai.TrackingValidating, true, time.Now()
		return d
	})
	now := time.Now()
	list, err := w.store.ClaimCertificates(t.Context(), "n1", 9, now, now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	for _, wanted := range list {
		err := w.store.RecordCertificate(t.Context(), "n1", wanted.ID, nil, now, func(c myodai.Certificate) (myodai.Certificate, []myodai.Event) {
			c, _ = c.Failed(myodai.CertificateFailure{At: now, Type: "rejectedIdentifier", Detail: `The name "click.acme.example" is <not> allowed`, Lasting: true}, 0, now)
			return c, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, lang := range []string{"ja", "en"} {
		p := w.as(adminToken).get("/tracking/" + string(d.ID) + "?lang=" + lang)
		if !strings.Contains(p.body, `is &lt;not&gt; allowed`) || !strings.Contains(p.body, "rejectedIdentifier") || len(p.all("dd time")) == 0 {
			t.Errorf("%s:\n%s", lang, p.body)
		}
	}
}
