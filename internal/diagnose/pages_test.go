package diagnose

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/myodai/myodai"
)

// checksDir is where each cause has its page.
const checksDir = "../../docs/checks"

// heads are the headings and fixed words of the pages.
type heads struct {
	language, check, saw, severity, fix, severityIs string
	severities                                      map[myodai.Severity]string
}

var pageHeads = map[Lang]heads{
	English: {"English", "What we check", "What we saw", "Severity and why", "How to fix it", "**%s** – %s.", map[myodai.Severity]string{
		myodai.SeverityBlocks:  "the domain cannot be verified like this, or its mail fails",
		myodai.SeverityFragile: "it works today, and will break",
		myodai.SeverityWait:    "everything is right already; caches have to catch up",
		myodai.SeverityAdvice:  "it could be better, or is only worth knowing",
	}},
	Japanese: {"日本語", "確認する内容", "見つかった状態（例）", "重要度とその理由", "直し方", "**%s**：%s。", map[myodai.Severity]string{
		myodai.SeverityBlocks:  "このままではドメインを確認できないか、メールに支障が出ます",
		myodai.SeverityFragile: "現在は動作しますが、いずれ問題になります",
		myodai.SeverityWait:    "設定は完了しています。反映を待つだけです",
		myodai.SeverityAdvice:  "改善の余地がある、または知っておくとよい内容です",
	}},
}

var groupTitles = map[Group][2]string{
	GroupName:       {"The name of the record", "レコードの名前"},
	GroupAlias:      {"The value and type of aliases", "別名の値と種別"},
	GroupDKIM:       {"Keys in text records", "テキストレコードの鍵"},
	GroupSPF:        {"SPF", "SPF"},
	GroupReturnPath: {"The return path", "Return-Path"},
	GroupDMARC:      {"DMARC", "DMARC"},
	GroupZone:       {"Name servers, DNS host and zone", "ネームサーバー、DNSサービス、ゾーン"},
	GroupWait:       {"Nothing to do but wait", "待つだけでよいもの"},
	GroupTracking:   {"Tracking hosts and certificates", "リンク用の名前と証明書"},
}

// page writes the page of a cause.
func page(e textEntry) string {
	info, _ := About(e.ID)
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nGroup %s: %s · %s · [all checks](README.md)\n",
		e.ID, info.Group, groupTitles[info.Group][0], groupTitles[info.Group][1])
	for _, lang := range languages {
		f, c := e.sampled(lang)
		text, h := Explain(f, c), pageHeads[lang]
		told := teller{lang: lang, values: argumentsOf(f, e, c), told: map[string]bool{}}
		fmt.Fprintf(&b, "\n## %s: %s\n\n%s\n\n", h.language, text.Title, text.Message)
		fmt.Fprintf(&b, "### %s\n\n%s\n\n", h.check, told.fill(e.in(lang).Learn, shortValue))
		fmt.Fprintf(&b, "### %s\n\n```zone\n%s\n```\n\n", h.saw, strings.Join(e.Zone, "\n"))
		if text.Diff != "" {
			fmt.Fprintf(&b, "```text\n%s\n```\n\n", text.Diff)
		}
		fmt.Fprintf(&b, "### %s\n\n"+h.severityIs+"\n\n%s\n\n", h.severity, info.Severity, h.severities[info.Severity], text.Why)
		fmt.Fprintf(&b, "### %s\n\n", h.fix)
		for i, step := range text.Steps {
			fmt.Fprintf(&b, "%d. %s\n", i+1, step)
		}
	}
	return b.String()
}

// index writes the list of all pages.
func index() string {
	var b strings.Builder
	b.WriteString("# Checks\n\nEvery finding has the id of one of these causes; the ids do not change. In the examples " +
		"`kaisha.example` is the domain that mail is sent from, and `plat.example` the platform's zone. " +
		"The pages are made from the texts of the program: change `internal/diagnose/texts.json` and run " +
		"`go test ./internal/diagnose -run TestPages -update`.\n\n" +
		"どの結果にも、次の原因のいずれかのIDが付きます。IDは変わりません。例の中の`kaisha.example`は送信に使うドメイン、" +
		"`plat.example`はプラットフォームのゾーンです。\n")
	var group Group
	for _, info := range Causes() {
		if info.Group != group {
			group = info.Group
			fmt.Fprintf(&b, "\n## %s. %s · %s\n\n| Cause | | | |\n|---|---|---|---|\n", group, groupTitles[group][0], groupTitles[group][1])
		}
		e := textOf[info.Cause]
		f, en := e.sampled(English)
		_, ja := e.sampled(Japanese)
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s |\n", e.ID, e.ID, info.Severity, Explain(f, en).Title, Explain(f, ja).Title)
	}
	return b.String()
}

// TestPages keeps docs/checks in step with the texts.
func TestPages(t *testing.T) {
	wanted := map[string]bool{"README.md": true}
	compare(t, filepath.Join(checksDir, "README.md"), index())
	for _, e := range allTexts {
		name := string(e.ID) + ".md"
		wanted[name] = true
		compare(t, filepath.Join(checksDir, name), page(e))
	}
	files, err := os.ReadDir(checksDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !wanted[file.Name()] {
			t.Errorf("docs/checks/%s is about no cause", file.Name())
		}
	}
}
