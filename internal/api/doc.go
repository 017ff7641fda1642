// Package api is the JSON interface under /v1: one operation per file and noun,
// described by the OpenAPI document it serves at /openapi.json and /openapi.yaml.
//
// It decides nothing. An operation reads its request, asks the engine or the
// store whose job it is, and writes what came back. Who asks is known from the
// credential alone, and so is the tenant: no request names one, except the
// operator's own operations. What belongs to another tenant is answered exactly
// like what does not exist (T63).
//
// Requests are read strictly: unknown and repeated members, unknown parameters,
// null, invalid UTF-8 and deep nesting are refused, not guessed at. Every error,
// of whatever layer, is a problem document of RFC 9457 that says what to do and
// repeats no value of the request. A fault is logged once under the id of the
// request, which the client sees too, and nothing else of it leaves.
package api
