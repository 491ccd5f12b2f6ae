package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"quorumlab/scenarios"
)

// newSchema makes `schema`: what lets an editor complete and check scenarios.
func newSchema(l *lab) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of scenario files",
		Long:    "Schema prints what lets an editor complete and check scenario files as they are written.",
		Example: "  quorumlab schema > scenario.schema.json",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprint(l.out, scenarios.Schema)
			return nil
		},
	}
}
