package domains

import (
	"context"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/plan"
)

// maxPolicy bounds the text of a DMARC record that is asked about.
const maxPolicy = 2048

// PolicyEffect says what would happen to the domain's mail if text were its DMARC
// record. It asks DNS for what that depends on, and changes nothing.
func (s *Service) PolicyEffect(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, text string) (diagnose.PolicyEffect, error) {
	if len(text) > maxPolicy {
		return diagnose.PolicyEffect{}, myodai.Refuse(myodai.CodeInvalid, "record", "it has more than %d octets", maxPolicy)
	}
	d, err := s.Store.Domain(ctx, tenant, id)
	if err != nil {
		return diagnose.PolicyEffect{}, err
	}
	keys, err := s.Store.Keys(ctx, tenant, id)
	if err != nil {
		return diagnose.PolicyEffect{}, err
	}
	in := diagnose.Input{Plan: plan.For(d, keys, s.Site), Known: diagnose.Known{PlatformZone: s.Site.Zone}}
	in.Observation = s.Prober.Probe(ctx, d.Name, func(o myodai.Observation) []myodai.Question {
		in.Observation = o
		_, questions := diagnose.EffectOf(in, text)
		return questions
	})
	e, _ := diagnose.EffectOf(in, text)
	return e, nil
}
