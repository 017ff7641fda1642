package hygiene

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// percent writes hundredths of a percent.
func percent(rate int) string { return fmt.Sprintf("%d.%02d %%", rate/100, rate%100) }

// Percent is n of all for people, rounded up to hundredths.
func Percent(n, all int) string { return percent(myodai.Rate(n, all)) }

// WriteReport writes what an audit found for the customer to clean up by, in
// Markdown: what it comes to, what to do, and examples. The whole of it is in
// WriteFindings.
func (s *Service) WriteReport(ctx context.Context, w io.Writer, a myodai.ListAudit, l Language) error {
	b := bufio.NewWriter(w)
	heading(b, a, l)
	for _, v := range myodai.ListAuditVerdicts {
		n := a.Summary.Counts[v]
		if n == 0 {
			continue
		}
		fmt.Fprintf(b, "\n## %s: %d\n\n%s\n\n", VerdictName(l, v), n, VerdictTodo(l, v))
		const examples = 20
		found, _, err := s.o.Store.ListAuditFindings(ctx, a.TenantID, a.ID, v, myodai.Page{Limit: examples})
		if err != nil {
			return err
		}
		for _, f := range found {
			fmt.Fprintf(b, "- %s", inMarkdown(f.Address))
			if f.Suggestion != "" {
				fmt.Fprintf(b, " → %s", inMarkdown(f.Suggestion))
			}
			fmt.Fprintf(b, " (%s)\n", inMarkdown(Sentence(l, f)))
		}
		if n > examples {
			fmt.Fprintf(b, "- %s\n", both{fmt.Sprintf("and %d more", n-examples), fmt.Sprintf("ほか %d 件", n-examples)}.in(l))
		}
	}
	clusters(b, a, l)
	return b.Flush()
}

func heading(b io.Writer, a myodai.ListAudit, l Language) {
	certain, worst, all := a.Expected()
	title := a.Title
	if title == "" {
		title = a.CreatedAt.UTC().Format(time.DateOnly)
	}
	fmt.Fprintf(b, "# %s: %s\n\n%s\n\n", both{"Audit before the first send", "初回送信前の宛先診断"}.in(l), inMarkdown(title), GateSentence(l, a.Gate()))
	for _, line := range []struct {
		name  both
		value string
	}{
		{both{"Addresses, each once", "宛先(重複を除く)"}, fmt.Sprint(a.Summary.Addresses)},
		{both{"Domains", "ドメイン"}, fmt.Sprint(a.Summary.Domains)},
		{both{"Past bounces and complaints", "過去の戻りメール・苦情"}, fmt.Sprint(a.Summary.Bounces)},
		{both{"Would come back for certain", "確実に戻る見込み"}, fmt.Sprintf("%d (%s)", certain, Percent(certain, all))},
		{both{"At worst", "最悪の場合"}, fmt.Sprintf("%d (%s)", worst, Percent(worst, all))},
		{both{"Lines that receivers draw", "受信側が基準とする値"}, "2 %, 5 %"},
	} {
		fmt.Fprintf(b, "- %s: %s\n", line.name.in(l), line.value)
	}
	for _, p := range a.Summary.Problems {
		fmt.Fprintf(b, "- %s: %s", both{"Could not be read", "読み取れませんでした"}.in(l), inMarkdown(p.File))
		if p.Line > 0 {
			fmt.Fprintf(b, ":%d", p.Line)
		}
		fmt.Fprintf(b, ": %s\n", inMarkdown(p.Detail))
	}
}

func clusters(b io.Writer, a myodai.ListAudit, l Language) {
	if len(a.Summary.Clusters) > 0 {
		fmt.Fprintf(b, "\n## %s\n\n", both{"Clusters", "まとまった登録"}.in(l))
	}
	for _, c := range a.Summary.Clusters {
		fmt.Fprintf(b, "- %s: %s %s (%d)\n", inMarkdown(string(c.Domain)), ClusterName(l, c.Kind), inMarkdown(c.Pattern), c.Count)
	}
	if len(a.Summary.Bursts) > 0 {
		fmt.Fprintf(b, "\n## %s\n\n", both{"Hours with far more registrations than others", "登録が集中した時間帯"}.in(l))
	}
	for _, u := range a.Summary.Bursts {
		fmt.Fprintf(b, "- %s: %d", u.At.UTC().Format("2006-01-02 15:00 UTC"), u.Count)
		if u.Random > 0 {
			fmt.Fprintf(b, both{" (%d of them random)", "(うちランダムな文字列 %d)"}.in(l), u.Random)
		}
		fmt.Fprintln(b)
	}
}

// inMarkdown is a stranger's text that no reader of Markdown takes for anything
// but text.
func inMarkdown(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c < ' ' || c == 0x7f:
			b.WriteByte(' ')
			continue
		case strings.ContainsRune("\\`*_{}[]()<>#|~&!", c):
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// WriteFindings writes every finding as CSV (RFC 4180), for a spreadsheet or a
// program.
func (s *Service) WriteFindings(ctx context.Context, w io.Writer, a myodai.ListAudit, l Language) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	head := both{"address,verdict,meaning,why,suggestion,proposed", "address,verdict,判定,理由,候補,配信停止の提案"}.in(l)
	_ = c.Write(strings.Split(head, ",")) // Flush below tells of any trouble
	for page := (myodai.Page{Limit: myodai.MaxPage}); ; {
		found, next, err := s.o.Store.ListAuditFindings(ctx, a.TenantID, a.ID, "", page)
		if err != nil {
			return err
		}
		for _, f := range found {
			proposed := ""
			if f.Verdict.Proposed() {
				proposed = "x"
			}
			_ = c.Write([]string{
				inCell(f.Address), string(f.Verdict), VerdictName(l, f.Verdict), inCell(Sentence(l, f)), inCell(f.Suggestion), proposed,
			})
		}
		c.Flush()
		if err := c.Error(); err != nil || next == "" {
			return err
		}
		page.After = next
	}
}
