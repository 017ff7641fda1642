package domains

import (
	"context"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
)

// Input is what a check of the domain would be judged with now.
func (s *Service) Input(ctx context.Context, d myodai.Domain) (diagnose.Input, error) {
	return s.input(ctx, d)
}
