package command

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"quorumlab/protocols/hint"
	"quorumlab/scenarios"
)

// lab is what all verbs work with.
type lab struct {
	streams
	*scenarios.Lab
}

// newRoot builds the tree of verbs.
func newRoot(s streams) (*cobra.Command, error) {
	made, err := scenarios.NewLab()
	if err != nil {
		return nil, err
	}
	l := &lab{streams: s, Lab: made}
	root := &cobra.Command{
		Use:   programName,
		Short: "A lab for consensus protocols",
		Long: "Quorumlab runs consensus protocols in a simulated world of nodes, disks, links and\n" +
			"clocks, strikes them with faults, and judges what their clients saw. One seed gives\n" +
			"one run, on every machine.\n\n" + exitCodes,
		Version:       scenarios.CodeVersion(),
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownVerb(root, args[0])
		}
		return nil
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagError(root, cmd, err) })
	root.AddCommand(
		newList(l), newRun(l), newStep(l), newSweep(l), newCheck(l), newReplay(l), newShrink(l), newLinearize(l), newBench(l), newReport(l), newExport(l),
		newServe(l), newCluster(l), newKV(l), newMan(l), newSchema(l),
		newTorture(l),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root, nil
}

// verbs returns the names of the verbs of a command.
func verbs(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

func unknownVerb(root *cobra.Command, name string) error {
	return usage("", "no verb %q; %s", name, hint.For(name, verbs(root)))
}

// flagError tells a mistake in the flags, with the nearest flag that exists.
// If the verb is a wrong one then that is the mistake: its flags were taken
// for those of the root.
func flagError(root, cmd *cobra.Command, err error) error {
	unknown, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return usage(helpHint(cmd), "%v", err)
	}
	if cmd == root {
		if args := root.Flags().Args(); len(args) > 0 {
			return unknownVerb(root, args[0])
		}
	}
	known := flagNames(cmd)
	return usage(helpHint(cmd), "%s has no flag --%s; %s", cmd.CommandPath(), unknown, hint.For("--"+unknown, known))
}

// flagNames returns the flags of a verb as its help shows them, one a line.
func flagNames(cmd *cobra.Command) []string {
	var names []string
	for line := range strings.Lines(cmd.Flags().FlagUsages()) {
		for word := range strings.FieldsSeq(line) {
			if strings.HasPrefix(word, "--") {
				names = append(names, word)
				break
			}
		}
	}
	return names
}

func helpHint(cmd *cobra.Command) string {
	return fmt.Sprintf("`%s --help` lists what it takes", cmd.CommandPath())
}

// atLeast demands n arguments of a kind, or more.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usage(helpHint(cmd), "%s needs %s", cmd.CommandPath(), what)
		}
		return nil
	}
}

// exactly demands n arguments of a kind.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(helpHint(cmd), "%s needs %s, found %d arguments", cmd.CommandPath(), what, len(args))
		}
		return nil
	}
}

// exactlyOne demands one argument of a kind.
func exactlyOne(what string) cobra.PositionalArgs { return exactly(1, what) }

// noArguments allows none.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(helpHint(cmd), "%s takes no arguments, found %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// complete makes a completion of names that are known only when asked.
func complete(names func() []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		matching := slices.DeleteFunc(names(), func(name string) bool { return !strings.HasPrefix(name, begun) })
		return matching, cobra.ShellCompDirectiveDefault // files too
	}
}

// sink remembers the first error of a writer, so that results cannot get lost
// unnoticed.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	if s.err == nil {
		s.err = err
	}
	return n, err
}
