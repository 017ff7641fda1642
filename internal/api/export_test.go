package api

import "github.com/danielgtaylor/huma/v2"

// OpenAPI is the description that answers are held against in tests.
func (s *Server) OpenAPI() *huma.OpenAPI { return s.api.OpenAPI() }

// Kinds are the kinds of all problems there can be.
func Kinds() []string {
	kinds := []string{"fault"}
	for code := range statusOf {
		kinds = append(kinds, string(code))
	}
	for _, kind := range kindOf {
		kinds = append(kinds, kind)
	}
	return kinds
}

// FaultProblem is what a fault is answered with.
var FaultProblem = faultProblem

// CheckJSON is the strictness of bodies.
var CheckJSON = checkJSON
