package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/hygiene"
)

// LineProblem is a line of a file that could not be read.
type LineProblem struct {
	File   string `json:"file"`
	Line   int    `json:"line" doc:"From 1; 0 for the file as a whole."`
	Detail string `json:"detail"`
}

// SuppressionImport is what became of a list, or would.
type SuppressionImport struct {
	BatchID myodai.BatchID `json:"batch_id" doc:"What it was entered as; undo-suppression-batch takes it back."`
	Preview bool           `json:"preview" doc:"Nothing was entered."`
	Lines   int            `json:"lines"`
	Added   int            `json:"added"`
	Known   int            `json:"known" doc:"On the list already."`
	Wrong   int            `json:"wrong" doc:"Lines that could not be read."`
	Errors  []LineProblem  `json:"errors" doc:"The first thousand of those."`
	Entries []Suppression  `json:"entries" doc:"The first entries, as they are or would be."`
}

// UndoneBatch is how much was taken off the list.
type UndoneBatch struct {
	Removed int `json:"removed"`
}

func showProblems(list []myodai.ListAuditProblem) []LineProblem {
	out := []LineProblem{}
	for _, p := range list {
		out = append(out, LineProblem{File: p.File, Line: p.Line, Detail: p.Detail})
	}
	return out
}

func (s *Server) registerSuppressionFiles() {
	register(s, operation{
		id: "import-suppressions", method: http.MethodPost, path: "/suppression-imports", tag: "suppressions", scope: scopeTenant,
		summary: "Enter a list of addresses that are not to be mailed",
		details: "The body is CSV, with a column of addresses and, where they are wanted, columns named reason, class, expires and evidence. " +
			"Lines that cannot be read are told and left out. With preview nothing is entered.",
		upload: []string{"text/csv", "multipart/form-data"},
	}, s.importSuppressions)
	register(s, operation{
		id: "undo-suppression-batch", method: http.MethodDelete, path: "/suppression-imports/{batch_id}", tag: "suppressions", scope: scopeTenant,
		summary: "Take back what an import or audit entered", status: http.StatusOK,
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		BatchID string `path:"batch_id"`
	}) (*output[UndoneBatch], error) {
		id, err := pathID(myodai.ParseID[myodai.BatchID], in.BatchID, "batch")
		if err != nil {
			return nil, err
		}
		n, err := s.o.Hygiene.UndoBatch(ctx, who.TenantID, id, string(who.ID))
		if err == nil && n == 0 {
			err = myodai.Refuse(myodai.CodeNotFound, "", "nothing on the list came with %s", id)
		}
		return outputOf(UndoneBatch{n}), err
	})
	register(s, operation{
		id: "export-suppressions", method: http.MethodGet, path: "/suppression-export", tag: "suppressions", scope: scopeTenant,
		summary: "Download the suppression list as CSV", answers: "text/csv",
		details: "import-suppressions reads the same form.",
	}, func(_ context.Context, who myodai.Credential, in *SuppressionQuery) (*huma.StreamResponse, error) {
		f, err := in.filter()
		if err != nil {
			return nil, err
		}
		return s.download("text/csv; charset=utf-8", "suppressions.csv", func(ctx context.Context, w io.Writer) error {
			page, ended := myodai.Page{Limit: myodai.MaxPage}, false
			return hygiene.WriteList(w, func() ([]myodai.Suppression, error) {
				if ended {
					return nil, nil
				}
				list, next, err := s.o.Store.Suppressions(ctx, who.TenantID, f, page)
				page.After, ended = next, next == ""
				return list, err
			})
		}), nil
	})
}

func (s *Server) importSuppressions(ctx context.Context, who myodai.Credential, in *struct {
	Class   string `query:"class" maxLength:"40" doc:"Of lines that name none; left out: all mail."`
	Preview bool   `query:"preview" doc:"Only say what would become of it."`
}) (*output[SuppressionImport], error) {
	policy, err := s.o.Store.Policy(ctx, who.TenantID)
	if err != nil {
		return nil, err
	}
	i := hygiene.Import{TenantID: who.TenantID, Preview: in.Preview, By: string(who.ID)}
	for _, class := range policy.Classes {
		i.Classes = append(i.Classes, class.Name)
	}
	if i.Class, err = s.classNamed(ctx, who.TenantID, in.Class); err != nil {
		return nil, err
	}
	var out *SuppressionImport
	err = eachFile(ctx, "list.csv", func(name string, from io.Reader) error {
		if out != nil {
			return myodai.Invalidf("one list is entered at a time; send the others by themselves")
		}
		r, err := s.o.Hygiene.ImportList(ctx, i, name, from)
		if err != nil {
			return err
		}
		out = showImport(r, in.Preview)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return outputOf(*out), nil
}

func showImport(r hygiene.ImportResult, preview bool) *SuppressionImport {
	out := &SuppressionImport{
		BatchID: r.Batch, Preview: preview, Lines: r.Lines, Added: r.Added, Known: r.Known, Wrong: r.Wrong,
		Errors: showProblems(r.Errors), Entries: []Suppression{},
	}
	for _, entry := range r.Entries {
		out.Entries = append(out.Entries, showSuppression(entry))
	}
	return out
}
