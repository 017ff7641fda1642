package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai/internal/api"
)

const defaultServer = "http://127.0.0.1:8025"

// client asks the API.
type client struct {
	server string
	key    string
	http   http.Client
}

// whose says whose key a command wants when several are at hand.
type whose string

const (
	tenantsKey   whose = "tenant"
	operatorsKey whose = "operator"
)

// client makes a client with the key that fits the command best: the one on the
// command line, then for operator's commands the one in the data directory and
// for others the one in the environment.
func (c *cli) client(cmd *cobra.Command, want whose) (*client, error) {
	cl := &client{server: c.server, key: c.key, http: http.Client{Timeout: 2 * time.Minute}}
	if cl.server == "" {
		cl.server = c.getenv(environmentPrefix + "SERVER")
	}
	if cl.server == "" {
		cl.server = defaultServer
	}
	u, err := url.Parse(cl.server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usage("--server: %q is not an address such as %s", cl.server, defaultServer)
	}
	cl.server = strings.TrimSuffix(cl.server, "/")
	file := filepath.Join(c.dataDir(cmd), operatorKeyFile)
	text, _ := os.ReadFile(file) // #nosec G304 -- in the data directory; without it there are other places
	inFile, inEnvironment := strings.TrimSpace(string(text)), c.getenv(environmentPrefix+"KEY")
	candidates := []string{cl.key, inEnvironment, inFile}
	if want == operatorsKey {
		candidates = []string{cl.key, inFile, inEnvironment}
	}
	for _, key := range candidates {
		if key != "" {
			cl.key = key
			return cl, nil
		}
	}
	return nil, usage("there is no key; set MYODAI_KEY, or run this where %s is", file)
}

// answeredError is an error the API answered with.
type answeredError struct {
	problem api.Problem
	after   time.Duration // when to ask again; 0 when it does not say
}

func (e *answeredError) Error() string {
	lines := []string{e.problem.Detail}
	if len(e.problem.Errors) > 1 {
		for _, v := range e.problem.Errors {
			lines = append(lines, v.Pointer+v.Parameter+": "+v.Detail)
		}
	}
	if e.problem.Status >= 500 {
		lines = append(lines, "request id "+e.problem.RequestID)
	}
	return strings.Join(lines, "\n")
}

// ask sends a request with a JSON body, none when body is nil, and decodes the
// answer into a T.
func ask[T any](ctx context.Context, cl *client, method, path string, body any, header ...string) (T, error) {
	var out T
	resp, err := cl.send(ctx, method, path, body, header...)
	if err != nil {
		return out, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return out, cl.unreachable(ctx, err)
	}
	if resp.StatusCode >= 400 {
		return out, answered(resp, text)
	}
	if len(text) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, unreachable{fmt.Errorf("%s does not answer like Myodai", cl.server)}
	}
	return out, nil
}

// send sends a request.
func (cl *client) send(ctx context.Context, method, path string, body any, header ...string) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("write request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, cl.server+path, content)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+cl.key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 1; i < len(header); i += 2 {
		r.Header.Set(header[i-1], header[i])
	}
	resp, err := cl.http.Do(r)
	if err != nil {
		return nil, cl.unreachable(ctx, err)
	}
	return resp, nil
}

// events sends a request and hands over each server-sent event of the answer,
// until there are no more.
func (cl *client) events(ctx context.Context, method, path string, body any, take func(kind string, data []byte) error) error {
	resp, err := cl.send(ctx, method, path, body, "Accept", "text/event-stream")
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer := io.LimitReader(resp.Body, maxAnswer)
	if resp.StatusCode >= 400 {
		text, err := io.ReadAll(answer)
		if err != nil {
			return cl.unreachable(ctx, err)
		}
		return answered(resp, text)
	}
	lines := bufio.NewScanner(answer)
	lines.Buffer(nil, maxAnswer)
	kind := ""
	for lines.Scan() {
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(": "))
		switch string(name) {
		case "event":
			kind = string(value)
		case "data":
			if err := take(kind, value); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return cl.unreachable(ctx, err)
	}
	return nil
}

// maxAnswer bounds what is read of an answer: a message of a thousand recipients
// with all their dialogues fits.
const maxAnswer = 64 << 20

func (cl *client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return unreachable{ctx.Err()}
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the method and address, which the sentence has
	}
	return unreachable{fmt.Errorf("nothing answers at %s; is myodai serve running there? (%w)", cl.server, err)}
}

func answered(resp *http.Response, text []byte) error {
	e := &answeredError{}
	if json.Unmarshal(text, &e.problem) != nil || e.problem.Detail == "" {
		e.problem = api.Problem{Status: resp.StatusCode, Detail: "the server answered " + resp.Status}
	}
	e.after, _ = time.ParseDuration(resp.Header.Get("Retry-After") + "s") // 0 when it says nothing
	return e
}

// list reads up to limit items of a list, all when limit is 0, and reports
// whether there are more.
func list[T any](ctx context.Context, cl *client, path string, limit int) (items []T, more bool, err error) {
	items = []T{}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	for after := ""; ; {
		size := 200
		if limit > 0 {
			size = min(size, limit-len(items))
		}
		page, err := ask[api.List[T]](ctx, cl, http.MethodGet,
			fmt.Sprintf("%s%slimit=%d&after=%s", path, separator, size, url.QueryEscape(after)), nil)
		if err != nil {
			return nil, false, err
		}
		items = append(items, page.Items...)
		after = page.Next
		if after == "" || limit > 0 && len(items) >= limit {
			return items, after != "", nil
		}
	}
}
