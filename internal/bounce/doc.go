// Package bounce reads what comes back after a mail was sent: return-path
// addresses, delivery status notifications, bounces in prose, complaints and the
// replies of SMTP servers. It mints the return paths too, because who mints a
// token reads it.
//
// It changes nothing and believes little: a DSN or a complaint is a claim of a
// stranger, and what follows from it is decided in package inbound.
//
// RFC 3461, RFC 3462 and its successor RFC 6522 (multipart/report), RFC 3463
// (enhanced status codes), RFC 3464 (DSN), RFC 3834 (auto-replies), RFC 5965 and
// RFC 6591 (feedback reports), RFC 6533 (internationalized DSN).
//
// A return path that is not ours is a refusal, and so is a mail that is not of
// the kind asked for. There are no other errors.
package bounce
