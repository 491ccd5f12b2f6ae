package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/network/tcp/cluster"
	"quorumlab/network/tcp/door"
	"quorumlab/protocols"
	"quorumlab/protocols/hint"
	"quorumlab/protocols/machine"
)

// kvFlags say which cluster is asked, and for how long.
type kvFlags struct {
	dir     string
	nodes   []string
	timeout time.Duration
	asJSON  bool
}

// newKV makes `kv` with its verbs: a client of a real cluster.
func newKV(l *lab) *cobra.Command {
	flags := &kvFlags{}
	cmd := &cobra.Command{
		Use:   "kv",
		Short: "Read, write and watch the keys of a real cluster",
		Long: "Kv asks a cluster, one node after the other until one answers. A write takes effect once,\n" +
			"whatever breaks. Which cluster: --nodes, --dir, or the last that was started with\n" +
			"`cluster up`. The code is 1 if a key has no value or a condition did not hold, and 3 if\n" +
			"nobody answers in time; the message says whether a write may have been done.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("", "no verb %q of kv; %s", args[0], hint.For(args[0], verbs(cmd)))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := cmd.PersistentFlags()
	f.StringVar(&flags.dir, "dir", "", "the cluster's `folder`")
	f.StringSliceVar(&flags.nodes, "nodes", nil, "the `addresses` of the nodes' doors, host:port,…")
	f.DurationVar(&flags.timeout, "timeout", 15*time.Second, "how long to try")
	f.BoolVar(&flags.asJSON, "json", false, "print one JSON object")
	cmd.AddCommand(
		newKVPut(l, flags), newKVGet(l, flags), newKVDelete(l, flags), newKVCAS(l, flags), newKVWatch(l, flags),
		newKVTxn(l, flags),
	)
	return cmd
}

// client returns a client of the cluster that is meant.
func (f *kvFlags) client() (*door.Client, error) {
	nodes := f.nodes
	if len(nodes) == 0 {
		dir, err := clusterDir(f.dir)
		if err != nil {
			return nil, err
		}
		layout, err := cluster.ReadLayout(dir)
		if errors.Is(err, os.ErrNotExist) {
			return nil, usage("quorumlab cluster up --dir "+quoteArgument(dir), "there is no cluster in %s", dir)
		}
		if err != nil {
			return nil, err
		}
		nodes = layout.Doors()
	}
	return door.NewClient(nodes, door.ClientOptions{}), nil
}

// kvError gives an error of a client its code.
func kvError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	code := exitUsage
	if _, unreachable := errors.AsType[*net.OpError](err); unreachable {
		err = fmt.Errorf("%w\n  hint: `quorumlab cluster status` tells which nodes run", err)
	}
	if _, unknown := errors.AsType[*door.UnknownError](err); unknown || ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		code = exitInconclusive
	}
	return &exit{code: code, err: err}
}

// kvAnswer is what a verb of kv prints as JSON.
type kvAnswer struct {
	Schema  int     `json:"schema"`
	Found   *bool   `json:"found,omitempty"`
	Swapped *bool   `json:"swapped,omitempty"`
	Value   *string `json:"value,omitempty"`
}

// do has a command executed.
func (f *kvFlags) do(ctx context.Context, command protocols.Command) (protocols.Result, error) {
	client, err := f.client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	result, err := client.Do(ctx, command)
	return result, kvError(ctx, err)
}

func newKVPut(l *lab, flags *kvFlags) *cobra.Command {
	return &cobra.Command{
		Use: "put KEY VALUE", Short: "Write a value", Args: exactly(2, "a key and a value"),
		Example: "  quorumlab kv put a 1",
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := flags.do(cmd.Context(), machine.Command{Op: machine.Put, Key: args[0], Value: args[1]})
			if err == nil && flags.asJSON {
				return l.json(kvAnswer{Schema: 1})
			}
			return err
		},
	}
}

func newKVGet(l *lab, flags *kvFlags) *cobra.Command {
	var consistency string
	cmd := &cobra.Command{
		Use: "get KEY", Short: "Read a value", Args: exactly(1, "a key"),
		Example: "  quorumlab kv get a",
		RunE: func(cmd *cobra.Command, args []string) error {
			if known := []string{"linearizable", "local"}; consistency != known[0] && consistency != known[1] {
				return usage(hint.For(consistency, known), "no consistency %q", consistency)
			}
			client, err := flags.client()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), flags.timeout)
			defer cancel()
			result, err := client.Get(ctx, args[0], consistency == "local")
			if err != nil {
				return kvError(ctx, err)
			}
			return l.tellValue(flags, result)
		},
	}
	cmd.Flags().StringVar(&consistency, "consistency", "linearizable", "`how`: linearizable, or local (the node's own copy, perhaps stale)")
	return cmd
}

// tellValue prints what a read found.
func (l *lab) tellValue(flags *kvFlags, result machine.Result) error {
	switch {
	case flags.asJSON:
		answer := kvAnswer{Schema: 1, Found: &result.Found}
		if result.Found {
			answer.Value = &result.Value
		}
		if err := l.json(answer); err != nil {
			return err
		}
	case result.Found:
		fmt.Fprintln(l.out, result.Value)
	default:
		l.hint("the key has no value")
	}
	if !result.Found {
		return finished(exitViolated)
	}
	return nil
}

func newKVDelete(l *lab, flags *kvFlags) *cobra.Command {
	return &cobra.Command{
		Use: "delete KEY", Short: "Take a key's value away", Args: exactly(1, "a key"),
		Example: "  quorumlab kv delete a",
		RunE: func(cmd *cobra.Command, args []string) error {
			result, err := flags.do(cmd.Context(), machine.Command{Op: machine.Delete, Key: args[0]})
			if err != nil {
				return err
			}
			found := result.(machine.Result).Found
			if flags.asJSON {
				err = l.json(kvAnswer{Schema: 1, Found: &found})
			}
			if err == nil && !found {
				l.hint("the key had no value")
				return finished(exitViolated)
			}
			return err
		},
	}
}

func newKVCAS(l *lab, flags *kvFlags) *cobra.Command {
	var absent bool
	cmd := &cobra.Command{
		Use: "cas KEY EXPECT VALUE", Short: "Write a value if the key has the one that is expected", Args: atLeast(2, "a key, what is expected and a value"),
		Long:    "Cas writes a value if the key has the value EXPECT; with --absent (and without EXPECT) if it\nhas none. Else it prints the value that the key has, and the code is 1.",
		Example: "  quorumlab kv cas a 1 2\n  quorumlab kv cas --absent lock me",
		RunE: func(cmd *cobra.Command, args []string) error {
			command := machine.Command{Op: machine.CAS, Key: args[0], Absent: absent, Value: args[len(args)-1]}
			switch {
			case absent && len(args) != 2:
				return usage(helpHint(cmd), "cas --absent needs a key and a value")
			case !absent && len(args) != 3:
				return usage(helpHint(cmd), "cas needs a key, what is expected and a value")
			case !absent:
				command.Expect = args[1]
			}
			got, err := flags.do(cmd.Context(), command)
			if err != nil {
				return err
			}
			result := got.(machine.Result)
			switch {
			case flags.asJSON:
				answer := kvAnswer{Schema: 1, Found: &result.Found, Swapped: &result.Swapped}
				if result.Found {
					answer.Value = &result.Value
				}
				err = l.json(answer)
			case !result.Swapped && result.Found:
				fmt.Fprintln(l.out, result.Value)
			case !result.Swapped:
				l.hint("the key has no value")
			}
			if err == nil && !result.Swapped {
				return finished(exitViolated)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&absent, "absent", false, "the key must have no value")
	return cmd
}

func newKVWatch(l *lab, flags *kvFlags) *cobra.Command {
	var prefix bool
	var from uint64
	var count int
	cmd := &cobra.Command{
		Use: "watch KEY", Short: "Show the changes of a key as they happen", Args: exactly(1, "a key"),
		Long: "Watch prints a line a change: the revision, the key and the value (in JSON), until it is\n" +
			"interrupted. If the node goes it asks another one, and leaves nothing out.",
		Example: "  quorumlab kv watch a\n  quorumlab kv watch --prefix job/ --from 17",
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			left := count
			ready := func(revision uint64) { l.hint("watching at revision %d", revision) }
			err = client.Watch(cmd.Context(), args[0], prefix, from, ready, func(change door.Change) bool {
				err = l.tellChange(flags, change)
				left--
				return err == nil && left != 0
			})
			if cmd.Context().Err() != nil {
				return nil // it was interrupted, as it has to be
			}
			return kvError(cmd.Context(), err)
		},
	}
	cmd.Flags().BoolVar(&prefix, "prefix", false, "all keys that begin so")
	cmd.Flags().Uint64Var(&from, "from", 0, "begin with this `revision`")
	cmd.Flags().IntVar(&count, "count", 0, "end after so many changes")
	return cmd
}

func (l *lab) tellChange(flags *kvFlags, change door.Change) error {
	if flags.asJSON {
		return l.jsonLine(change)
	}
	if change.Deleted {
		fmt.Fprintf(l.out, "%d %q deleted\n", change.Revision, change.Key)
		return nil
	}
	value, err := change.Value.String()
	if err != nil {
		return err
	}
	fmt.Fprintf(l.out, "%d %q = %q\n", change.Revision, change.Key, value)
	return nil
}

func newKVTxn(l *lab, flags *kvFlags) *cobra.Command {
	return &cobra.Command{
		Use: "txn COMMAND...", Short: "Do several things at once, or nothing", Args: atLeast(1, "a command"),
		Long: "Txn executes all its commands as one, or nothing if the condition of one does not hold. A\n" +
			"command is one argument: put KEY VALUE, get KEY, delete KEY, cas KEY EXPECT VALUE,\n" +
			"absent KEY VALUE (write if it has none) or add KEY NUMBER.",
		Example: "  quorumlab kv txn 'add alice -5' 'add bob 5'\n  quorumlab kv txn 'cas a 1 2' 'put b x'",
		RunE: func(cmd *cobra.Command, args []string) error {
			var transaction machine.Transaction
			for _, arg := range args {
				command, err := parseCommand(arg)
				if err != nil {
					return err
				}
				transaction.Commands = append(transaction.Commands, command)
			}
			got, err := flags.do(cmd.Context(), transaction)
			if err != nil {
				return err
			}
			return l.tellTransaction(flags, transaction, got.(machine.TransactionResult))
		},
	}
}

// parseCommand reads one command of a transaction.
func parseCommand(text string) (machine.Command, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return machine.Command{}, usage("", "an empty command")
	}
	want := map[string]int{"put": 2, "get": 1, "delete": 1, "cas": 3, "absent": 2, "add": 2}
	arguments, known := want[words[0]]
	switch {
	case !known:
		return machine.Command{}, usage("", "no command %q; %s", words[0], hint.For(words[0], []string{"put", "get", "delete", "cas", "absent", "add"}))
	case len(words)-1 != arguments:
		return machine.Command{}, usage("", "%q: %s takes %d arguments", text, words[0], arguments)
	}
	command := machine.Command{Op: machine.Op(words[0]), Key: words[1]}
	if arguments > 1 {
		command.Value = words[len(words)-1]
	}
	switch words[0] {
	case "cas":
		command.Expect = words[2]
	case "absent":
		command.Op, command.Absent = machine.CAS, true
	}
	return command, nil
}

// tellTransaction prints the results of a transaction, a line each.
func (l *lab) tellTransaction(flags *kvFlags, t machine.Transaction, result machine.TransactionResult) error {
	if flags.asJSON {
		err := l.json(struct {
			Schema  int              `json:"schema"`
			Aborted bool             `json:"aborted"`
			Results []machine.Result `json:"results"`
			Error   string           `json:"error,omitempty"`
		}{1, result.Aborted, result.Results, result.Error})
		if err != nil {
			return err
		}
	} else {
		for i, r := range result.Results {
			switch {
			case t.Commands[i].Refused(r):
				fmt.Fprintf(l.out, "%s %q: the condition does not hold (found %v, value %q) %s\n", t.Commands[i].Op, t.Commands[i].Key, r.Found, r.Value, r.Error)
			case t.Commands[i].Op == machine.Get:
				fmt.Fprintf(l.out, "get %q: %q\n", t.Commands[i].Key, r.Value)
			}
		}
	}
	if result.Aborted {
		l.hint("nothing was changed")
		return finished(exitViolated)
	}
	return nil
}
