package console

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/hygiene"
	"github.com/myodai/myodai/internal/store"
)

func (s *Server) routeSuppressionFiles() {
	s.add("GET /suppressions/export", members, exportSuppressions)
	s.add("GET /suppressions/import", administrators, showImport)
	s.add("POST /suppressions/import", administrators, importSuppressions)
	s.add("POST /suppressions/batches/{batch}/undo", administrators, undoBatch)
}

// importView is the page on which a list is entered, and what became of it.
type importView struct {
	Problem string
	Fields  []field
	Preview bool
	Result  *importResult // nil before
}

// importResult is what became of a list, or would.
type importResult struct {
	Undo                string // where all of it is taken back; "" when nothing was entered
	List                string // where it is to be seen
	Preview             bool
	Added, Known, Wrong int
	Errors              []importError
	Left                int // errors that are not among them
}

type importError struct {
	Line int
	Text string
}

// shownErrors is how many lines that could not be read are shown.
const shownErrors = 100

func showImport(v *visit) error { return v.showImport(http.StatusOK, nil, problem{}, nil) }

func (v *visit) showImport(status int, values map[string]string, p problem, r *importResult) error {
	classes, err := v.classField(v.actor.Tenant, values["class"], p)
	if err != nil {
		return err
	}
	classes.Hint = v.say("suppressions.import_class")
	view := importView{Fields: []field{classes}, Preview: values == nil || values["preview"] != "", Result: r, Problem: p.Message}
	if classes.Problem != "" {
		view.Problem = ""
	}
	return v.write(status, "import", v.say("suppressions.import"), view)
}

func importSuppressions(v *visit) error {
	var values map[string]string
	up, err := v.openUpload()
	var result hygiene.ImportResult
	if err == nil {
		values = up.values
		result, err = v.importList(up)
	}
	if p, status, ok := v.judge(err); ok {
		return v.showImport(status, values, p, nil)
	}
	if err != nil {
		return err
	}
	view := newImportResult(v.reader, result, values["preview"] != "")
	return v.showImport(http.StatusOK, values, problem{}, &view)
}

// importList enters the list of the form, or says what would become of it.
func (v *visit) importList(up *upload) (result hygiene.ImportResult, err error) {
	i := hygiene.Import{TenantID: v.actor.Tenant, Preview: up.values["preview"] != "", By: string(v.actor.Member)}
	if i.Class, err = v.classNamed(v.actor.Tenant, up.values["class"]); err != nil {
		return result, err
	}
	if i.Classes, err = v.classesOf(v.actor.Tenant); err != nil {
		return result, err
	}
	first := true
	err = up.each(func(name string, from io.Reader) error {
		if !first {
			return nil
		}
		first = false
		result, err = v.o.Hygiene.ImportList(v.r.Context(), i, name, from)
		return err
	})
	return result, err
}

func newImportResult(r reader, in hygiene.ImportResult, preview bool) importResult {
	out := importResult{
		List: "/suppressions?batch=" + string(in.Batch), Preview: preview, Added: in.Added, Known: in.Known, Wrong: in.Wrong,
	}
	if !preview && in.Added > 0 {
		out.Undo = "/suppressions/batches/" + string(in.Batch) + "/undo"
	}
	for i, e := range in.Errors {
		if i == shownErrors {
			break
		}
		line := importError{e.Line, e.Detail}
		if refusal, ok := errors.AsType[*myodai.Error](in.Why[i]); ok {
			line.Text = r.tell(refusal)
		}
		out.Errors = append(out.Errors, line)
	}
	out.Left = in.Wrong - len(out.Errors)
	return out
}

func undoBatch(v *visit) error {
	id, err := myodai.ParseID[myodai.BatchID](v.r.PathValue("batch"))
	if err != nil {
		return errNoPage
	}
	n, err := v.o.Hygiene.UndoBatch(v.r.Context(), v.actor.Tenant, id, string(v.actor.Member))
	if err != nil {
		return err
	}
	return v.done("/suppressions", "suppressions.batch_undone", strconv.Itoa(n))
}

// exportSuppressions is the list as a file that the import reads.
func exportSuppressions(v *visit) error {
	f := store.SuppressionFilter{Removed: v.r.URL.Query().Get("removed") != ""}
	page, ended := myodai.Page{Limit: myodai.MaxPage}, false
	list, next, err := v.o.Store.Suppressions(v.r.Context(), v.actor.Tenant, f, page)
	if err != nil {
		return err // while there is still a page to say so on
	}
	v.begun = true
	v.w.Header().Set("Content-Disposition", `attachment; filename="suppressions.csv"`)
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	return hygiene.WriteList(v.w, func() ([]myodai.Suppression, error) {
		part := list
		if ended {
			return nil, nil
		}
		if ended = next == ""; ended {
			return part, nil
		}
		page.After = next
		list, next, err = v.o.Store.Suppressions(v.r.Context(), v.actor.Tenant, f, page)
		return part, err
	})
}
