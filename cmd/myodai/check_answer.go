package main

import (
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dnshost"
)

// statusWords are how programs see the exit status.
var statusWords = map[int]string{exitOK: "ok", exitToFix: "fix", exitWaiting: "waiting", exitUnknown: "unknown"}

// checkAnswer is a report for programs.
type checkAnswer struct {
	Domain    myodai.Name          `json:"domain"`
	Status    string               `json:"status"` // ok, fix, waiting, unknown
	Primary   *primaryCause        `json:"primary"`
	Findings  []checkFinding       `json:"findings"`
	Records   []myodai.RecordCheck `json:"records"`
	DNSHost   *checkHost           `json:"dns_host"`
	VisibleAt *time.Time           `json:"visible_at"`
	CheckedAt time.Time            `json:"checked_at"`
	Problem   string               `json:"incomplete,omitempty"`
}

type primaryCause struct {
	Cause    myodai.Cause    `json:"cause"`
	Record   myodai.Name     `json:"record"`
	Severity myodai.Severity `json:"severity"`
}

type checkHost struct {
	ID   string        `json:"id"`
	Name dnshost.Texts `json:"name"`
}

// both is one text in both languages; steps are lines.
type both struct {
	English  string `json:"en"`
	Japanese string `json:"ja"`
}

type checkFinding struct {
	Cause     myodai.Cause    `json:"cause"`
	Severity  myodai.Severity `json:"severity"`
	Primary   bool            `json:"primary"`
	Record    myodai.Name     `json:"record"`
	Purpose   myodai.Purpose  `json:"purpose"`
	Found     string          `json:"found"`
	Expected  string          `json:"expected"`
	Diff      string          `json:"diff,omitempty"`
	Title     both            `json:"title"`
	Message   both            `json:"message"`
	Fix       both            `json:"fix"`
	Why       both            `json:"why"`
	Page      string          `json:"page"`
	VisibleAt *time.Time      `json:"visible_at,omitempty"`
}

func (r checkReport) json() checkAnswer {
	out := checkAnswer{
		Domain: r.job.domain, Status: statusWords[r.status], Findings: []checkFinding{}, Records: r.checks,
		CheckedAt: r.job.seen.FinishedAt, Problem: r.job.seen.Incomplete,
	}
	if r.known {
		out.DNSHost = &checkHost{r.host.ID, r.host.Name}
	}
	if at := r.visibleAt(); !at.IsZero() {
		out.VisibleAt = &at
	}
	for _, f := range r.findings {
		if f.Primary && out.Primary == nil {
			out.Primary = &primaryCause{f.Cause, f.Record, f.Severity}
		}
		en := diagnose.Explain(f, r.context(f, diagnose.English))
		ja := diagnose.Explain(f, r.context(f, diagnose.Japanese))
		finding := checkFinding{
			Cause: f.Cause, Severity: f.Severity, Primary: f.Primary, Record: f.Record, Purpose: f.Purpose,
			Found: f.Found, Expected: f.Expected, Diff: en.Diff, Page: en.Page,
			Title: both{en.Title, ja.Title}, Message: both{en.Message, ja.Message}, Why: both{en.Why, ja.Why},
			Fix: both{strings.Join(en.Steps, "\n"), strings.Join(ja.Steps, "\n")},
		}
		if !f.VisibleAt.IsZero() {
			finding.VisibleAt = &f.VisibleAt
		}
		out.Findings = append(out.Findings, finding)
	}
	return out
}
