package command

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newMan makes `man`: the manual pages of all verbs.
func newMan(l *lab) *cobra.Command {
	return &cobra.Command{
		Use:     "man FOLDER",
		Short:   "Write the manual pages of all verbs into a folder",
		Long:    "Man writes a page a verb. The date in them is that of SOURCE_DATE_EPOCH, if it is set.",
		Example: "  quorumlab man ~/.local/share/man/man1 && man quorumlab-run",
		Args:    exactlyOne("a folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := args[0]
			if err := os.MkdirAll(folder, 0o777); err != nil {
				return fileError(folder, err)
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			err := doc.GenManTreeFromOpts(root, doc.GenManTreeOptions{
				Header: &doc.GenManHeader{Section: "1", Source: programName, Manual: programName},
				Path:   folder, CommandSeparator: "-",
			})
			if err != nil {
				return fileError(folder, err)
			}
			l.hint("man -l %s", quoteArgument(folder+"/"+programName+".1"))
			return nil
		},
	}
}
