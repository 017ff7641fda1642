package main

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
)

// form is files on their way to the API.
type form struct{ *multipart.Writer }

func newForm(w io.Writer) form { return form{multipart.NewWriter(w)} }

// files writes every file; a directory becomes an archive.
func (f form) files(names []string) error {
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return usageError{err}
		}
		if info.IsDir() {
			err = f.directory(name)
		} else {
			err = f.file(name)
		}
		if err != nil {
			return err
		}
	}
	return f.Close()
}

func (f form) file(name string) error {
	from, err := os.Open(name) // #nosec G304 -- the user names the file, and reads it as themselves
	if err != nil {
		return usageError{err}
	}
	defer func() { _ = from.Close() }()
	to, err := f.CreateFormFile("file", filepath.Base(name))
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return err
}

func (f form) directory(dir string) error {
	files, order, err := maildir(dir)
	if err != nil {
		return usageError{err}
	}
	to, err := f.CreateFormFile("file", filepath.Base(dir)+".tar")
	if err != nil {
		return err
	}
	archive := tar.NewWriter(to)
	for _, short := range order {
		content, err := os.ReadFile(files[short]) // #nosec G304 -- below the directory that the user names
		if err != nil {
			return usageError{err}
		}
		if err := archive.WriteHeader(&tar.Header{Name: short, Mode: 0o600, Size: int64(len(content)), Format: tar.FormatPAX}); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	return archive.Close()
}

// upload sends files as a form, and directories as archives within it, as they are
// read.
func upload[T any](ctx context.Context, cl *client, path string, names []string) (T, error) {
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			var none T
			return none, usageError{err}
		}
	}
	r, w := io.Pipe()
	form := newForm(w)
	go func() { w.CloseWithError(form.files(names)) }()
	defer func() { _ = r.Close() }() // ends the reading of files when nobody wants them
	return send[T](ctx, cl, path, form.FormDataContentType(), r)
}

// maildir lists the mails below a directory, in order.
func maildir(dir string) (map[string]string, []string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			short, _ := filepath.Rel(dir, name) // name is below dir
			files[filepath.ToSlash(short)] = name
		}
		return err
	})
	return files, slices.Sorted(maps.Keys(files)), err
}

// send posts a body that is no JSON and may take its time.
func send[T any](ctx context.Context, cl *client, path, media string, body io.Reader) (out T, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, cl.server+path, body)
	if err != nil {
		return out, fmt.Errorf("make request: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+cl.key)
	r.Header.Set("Content-Type", media)
	patient := http.Client{}
	resp, err := patient.Do(r)
	if err != nil {
		return out, cl.unreachable(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return out, cl.unreachable(ctx, err)
	}
	if resp.StatusCode >= 400 {
		return out, answered(resp, text)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, unreachable{fmt.Errorf("%s does not answer like Myodai", cl.server)}
	}
	return out, nil
}

// fetch writes an answer that is no JSON to w.
func (cl *client) fetch(ctx context.Context, path string, w io.Writer) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, cl.server+path, nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+cl.key)
	patient := http.Client{}
	resp, err := patient.Do(r)
	if err != nil {
		return cl.unreachable(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 400 {
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return cl.unreachable(ctx, err)
		}
		return answered(resp, text)
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return cl.unreachable(ctx, err)
	}
	return nil
}
