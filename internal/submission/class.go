package submission

import (
	"cmp"

	"github.com/myodai/myodai"
)

// classField is the header field in which a submitter says the class of a
// message. It does not go on.
const classField = "X-Myodai-Class"

// class finds out what kind of mail a message is: what the request says, or
// else its header, the credential, the policy.
func class(policy myodai.Policy, r Request, h header) (myodai.Class, error) {
	said := myodai.ClassName(h.first(classField))
	if r.Class != "" && said != "" && r.Class != said {
		return myodai.Class{}, myodai.Refuse(myodai.CodeInvalid, "class",
			"the request says that the message is %s, and its %s field something else; leave one out", r.Class, classField)
	}
	if named := cmp.Or(r.Class, said); named != "" {
		return policy.Class(named)
	}
	class, err := policy.Class(r.Credential.Class)
	if err != nil { // the class was taken away after the credential was made
		return policy.Class("")
	}
	return class, nil
}
