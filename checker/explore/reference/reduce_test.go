package reference

import (
	"context"
	"errors"
	"slices"
	"testing"

	"quorumlab/checker/explore"
)

func TestPartialOrderOfWhom(t *testing.T) {
	at := slices.IndexFunc(All(), func(e explore.Entry) bool { return e.Name == "cap-strategies" })
	model, _, err := All()[at].Make(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := explore.Run(context.Background(), model, explore.Options{Workers: 1, PartialOrder: true}); !errors.Is(err, explore.ErrIndivisible) {
		t.Errorf("what has no steps is divided: %v", err)
	}
}
