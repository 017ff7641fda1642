// Package submission takes a message in: it holds the author against what the
// tenant has verified, completes and signs the message, keeps back the
// suppressed recipients, and hands everything to the store in one piece. Mail that
// will wait for its site anyway it signs only when the queue asks for that.
//
// It does not speak SMTP or HTTP, does not deliver, and never repairs what it
// cannot understand: a message with a doubtful header or line end is refused,
// because another program would read it in another way (T22, T28, P24).
//
// It follows RFC 5322 (and its limits in §2.1.1 and §3.6), RFC 6409, RFC 2045
// to 2047, RFC 2231 and RFC 6532.
//
// What the submitter can mend is a refusal (*myodai.Error) whose sentence says
// how. Everything else is a fault, and nothing has been accepted then.
package submission
