package console

import (
	"io"
	"mime/multipart"
	"slices"

	"github.com/myodai/myodai"
)

// upload is a form with files. They are read as they arrive, so what else the
// form asks stands before them.
type upload struct {
	values map[string]string
	form   *multipart.Reader
	file   *multipart.Part // the first one
}

var errNoFile = myodai.Refuse(myodai.CodeInvalid, "", "there is no file; choose one at least")

// maxUploadValue bounds what a field before the files may hold, in octets.
const maxUploadValue = 4096

// openUpload reads a form up to its first file. It refuses a form without one.
func (v *visit) openUpload() (*upload, error) {
	v.r.Body = v.upload
	form, err := v.r.MultipartReader()
	if err != nil {
		return nil, errNoFile
	}
	u := &upload{values: map[string]string{}, form: form}
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, errNoFile
		}
		if part.FileName() != "" {
			u.file = part
			return u, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, maxUploadValue))
		if err != nil {
			return nil, errNoFile
		}
		u.values[part.FormName()] = string(value)
	}
}

// each hands the files over, one by one.
func (u *upload) each(take func(name string, from io.Reader) error) error {
	for {
		if err := take(u.file.FileName(), u.file); err != nil {
			return err
		}
		for u.file = nil; u.file == nil; {
			part, err := u.form.NextPart()
			if err != nil {
				return nil // the end, or as good as that: what has come is whole
			}
			if part.FileName() != "" {
				u.file = part
			}
		}
	}
}

// classNamed is a class of a tenant's mail by its name; "" stays "", for all.
func (v *visit) classNamed(tenant myodai.TenantID, name string) (myodai.ClassName, error) {
	if name == "" {
		return "", nil
	}
	policy, err := v.o.Store.Policy(v.r.Context(), tenant)
	if err != nil {
		return "", err
	}
	class, err := policy.Class(myodai.ClassName(name))
	return class.Name, err
}

// classField lets somebody choose a class of a tenant's mail, or all of it.
func (v *visit) classField(tenant myodai.TenantID, chosen string, p problem) (field, error) {
	policy, err := v.o.Store.Policy(v.r.Context(), tenant)
	if err != nil {
		return field{}, err
	}
	f := field{
		Name: "class", Label: v.say("messages.class"), Type: "select", Optional: true, Problem: p.at("class"),
		Options: []option{{"", v.say("suppressions.all_mail"), chosen == ""}},
	}
	for _, class := range policy.Classes {
		f.Options = append(f.Options, option{string(class.Name), string(class.Name), string(class.Name) == chosen})
	}
	return f, nil
}

// classesOf are the names of the classes of a tenant's mail.
func (v *visit) classesOf(tenant myodai.TenantID) ([]myodai.ClassName, error) {
	policy, err := v.o.Store.Policy(v.r.Context(), tenant)
	names := make([]myodai.ClassName, 0, len(policy.Classes))
	for _, class := range policy.Classes {
		names = append(names, class.Name)
	}
	return slices.Clip(names), err
}
