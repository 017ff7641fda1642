package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// secretPrefix begins every secret, so that scanners know one when they see it.
const secretPrefix = "whsec_"

// NewSecret makes a secret of 256 bits from random, which must not fail.
func NewSecret(random io.Reader) string {
	var key [32]byte
	if _, err := io.ReadFull(random, key[:]); err != nil {
		panic("webhook: no randomness: " + err.Error())
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(key[:])
}

// Sign returns the value of webhook-signature for a body that is sent under the
// given id at the given instant: one "v1,…" for each secret that has not ended,
// each an HMAC-SHA256 of id, seconds and body with dots between them (T61).
func Sign(secrets []myodai.WebhookSecret, id string, at time.Time, body []byte) (string, error) {
	var signatures []string
	for _, s := range secrets {
		if !s.Until.IsZero() && !at.Before(s.Until) {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Text, secretPrefix))
		if err != nil {
			return "", fmt.Errorf("a webhook's secret is not base64: %w", err)
		}
		mac := hmac.New(sha256.New, key)
		_, _ = io.WriteString(mac, id+"."+strconv.FormatInt(at.Unix(), 10)+".")
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, " "), nil
}
