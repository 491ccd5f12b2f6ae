package command

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"quorumlab/network/tcp/cluster"
	"quorumlab/network/tcp/proxy"
	"quorumlab/protocols"
)

// nodeVerb makes a verb that does something to one node.
func (l *lab) nodeVerb(name, short string) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: name + " NODE", Short: short, Args: exactlyOne("the number of a node"),
		Example: "  quorumlab cluster " + name + " 1",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := nodeNumber(args[0])
			if err != nil {
				return err
			}
			dir, _, err := l.order(cmd.Context(), dir, cluster.Order{Do: name, Node: id})
			if err != nil {
				return err
			}
			return l.tellStatus(cmd.Context(), dir, false)
		},
	}
	dirFlag(cmd, &dir)
	return cmd
}

func nodeNumber(text string) (protocols.NodeID, error) {
	id, err := strconv.ParseUint(strings.TrimPrefix(text, "n"), 10, 16)
	if err != nil || id == 0 {
		return 0, usage("", "%q is no node: use its number", text)
	}
	return protocols.NodeID(id), nil
}

// newClusterPartition makes `cluster partition`.
func newClusterPartition(l *lab) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "partition A,B|C", Short: "Part the nodes into groups that do not hear one another",
		Long: "Partition parts the nodes: groups are parted by |, nodes of a group by commas. Nodes that are\n" +
			"not named are a group together. What was cut before is healed. Clients still reach all nodes.",
		Example: "  quorumlab cluster partition '1,2|3'\n  quorumlab cluster partition 1",
		Args:    exactlyOne("the groups"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var groups [][]protocols.NodeID
			for part := range strings.SplitSeq(args[0], "|") {
				var group []protocols.NodeID
				for text := range strings.SplitSeq(part, ",") {
					id, err := nodeNumber(strings.TrimSpace(text))
					if err != nil {
						return err
					}
					group = append(group, id)
				}
				groups = append(groups, group)
			}
			dir, _, err := l.order(cmd.Context(), dir, cluster.Order{Do: "partition", Groups: groups})
			if err != nil {
				return err
			}
			return l.tellStatus(cmd.Context(), dir, false)
		},
	}
	dirFlag(cmd, &dir)
	return cmd
}

// newClusterCut makes `cluster cut`.
func newClusterCut(l *lab) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "cut A-B...", Short: "Hold up what one node sends to another, one way", Args: atLeast(1, "a direction such as 1-2"),
		Example: "  quorumlab cluster cut 1-2 1-3",
		RunE: func(cmd *cobra.Command, args []string) error {
			order := cluster.Order{Do: "cut"}
			for _, arg := range args {
				from, to, ok := strings.Cut(arg, "-")
				if !ok {
					return usage("quorumlab cluster cut 1-2 holds up what node 1 sends to node 2", "%q is no direction", arg)
				}
				a, err := nodeNumber(from)
				if err != nil {
					return err
				}
				b, err := nodeNumber(to)
				if err != nil {
					return err
				}
				order.Pairs = append(order.Pairs, proxy.Pair{From: a, To: b})
			}
			dir, _, err := l.order(cmd.Context(), dir, order)
			if err != nil {
				return err
			}
			return l.tellStatus(cmd.Context(), dir, false)
		},
	}
	dirFlag(cmd, &dir)
	return cmd
}

// newClusterHeal makes `cluster heal`.
func newClusterHeal(l *lab) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "heal", Short: "End all partitions and cuts", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, _, err := l.order(cmd.Context(), dir, cluster.Order{Do: "heal"})
			if err != nil {
				return err
			}
			return l.tellStatus(cmd.Context(), dir, false)
		},
	}
	dirFlag(cmd, &dir)
	return cmd
}
