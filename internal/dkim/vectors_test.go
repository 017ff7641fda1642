package dkim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

const dinner = "From: Joe SixPack <joe@football.example.com>\r\n" +
	"To: Suzie Q <suzie@shopping.example.net>\r\n" +
	"Subject: Is dinner ready?\r\n" +
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n" +
	"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n" +
	"\r\n" +
	"Hi.\r\n" +
	"\r\n" +
	"We lost the game.  Are you hungry yet?\r\n" +
	"\r\n" +
	"Joe.\r\n"

// The signed message of RFC 8463 appendix A.3.
const rfc8463 = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n" +
	" d=football.example.com; i=@football.example.com;\r\n" +
	" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n" +
	" subject : date : message-id : from : subject : date;\r\n" +
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" +
	" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n" +
	" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n" +
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n" +
	" d=football.example.com; i=@football.example.com;\r\n" +
	" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n" +
	" date : message-id : from : subject : date;\r\n" +
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" +
	" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n" +
	" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n" +
	" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n" +
	dinner

func footballKeys(name myodai.Name) ([]string, error) {
	switch name {
	case "brisbane._domainkey.football.example.com":
		return []string{"v=DKIM1; k=ed25519; p=" + edPublic}, nil
	case "test._domainkey.football.example.com":
		return []string{"v=DKIM1; k=rsa; p=" + rsaPublic}, nil
	}
	return nil, nil
}

func TestVerifyRFC8463(t *testing.T) {
	list := dkim.Verify([]byte(rfc8463), footballKeys, signedAt)
	if results(list) != "pass pass" {
		t.Fatalf("Verify = %+v", list)
	}
	if v := list[1]; v.Algorithm != "rsa-sha256" || v.KeyBits != 1024 || v.Identity != "@football.example.com" ||
		v.Selector != "test" || !v.SignedAt.Equal(time.Unix(1528637909, 0)) || !v.ExpiresAt.IsZero() {
		t.Errorf("second signature = %+v", v)
	}
	changed := strings.Replace(rfc8463, "hungry", "thirsty", 1)
	if got := results(dkim.Verify([]byte(changed), footballKeys, signedAt)); got != "fail fail" {
		t.Errorf("with another body: %s, want fail fail", got)
	}
}

// TestVerifyRFC6376 is the signed message of RFC 6376 appendix A: simple
// canonicalization, and i= in a subdomain.
func TestVerifyRFC6376(t *testing.T) {
	message := "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n" +
		"      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n" +
		"      h=Received : From : To : Subject : Date : Message-ID;\r\n" +
		"      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" +
		"      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n" +
		"      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r\n" +
		"      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r\n" +
		"      4bmp/YzhwvcubU4=;\r\n" +
		"Received: from client1.football.example.com  [192.0.2.1]\r\n" +
		"      by submitserver.example.com with SUBMISSION;\r\n" +
		"      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n" +
		strings.Replace(dinner, "game.  Are", "game. Are", 1)
	lookup := func(myodai.Name) ([]string, error) {
		return []string{"v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt" +
			"IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi" +
			"tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"}, nil
	}
	if list := dkim.Verify([]byte(message), lookup, signedAt); results(list) != "pass" {
		t.Errorf("Verify = %+v", list)
	}
}
