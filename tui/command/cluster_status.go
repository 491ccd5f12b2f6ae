package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/network/tcp/cluster"
	"quorumlab/network/tcp/door"
	"quorumlab/network/tcp/proxy"
	"quorumlab/protocols"
)

// clusterStatus is what `cluster status` tells.
type clusterStatus struct {
	Schema   int          `json:"schema"`
	Dir      string       `json:"dir"`
	Protocol string       `json:"protocol"`
	Up       bool         `json:"up"`
	Nodes    []nodeStatus `json:"nodes"`
	Cuts     []proxy.Pair `json:"cuts"`
}

// nodeStatus is what is known of one node.
type nodeStatus struct {
	cluster.ProcessStatus
	Clients string `json:"clients"`
	Admin   string `json:"admin"`
	// Door is what the node says of itself, nil if it says nothing.
	Door *door.Status `json:"door,omitempty"`
}

// newClusterStatus makes `cluster status`.
func newClusterStatus(l *lab) *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status", Short: "Show the nodes of a cluster, and what is cut", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := clusterDir(dir)
			if err != nil {
				return err
			}
			return l.tellStatus(cmd.Context(), dir, asJSON)
		},
	}
	dirFlag(cmd, &dir)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// statusWithin is how long a node may take to tell its status.
const statusWithin = time.Second

// status asks the supervisor and all nodes.
func (l *lab) status(ctx context.Context, dir string) (clusterStatus, error) {
	s := clusterStatus{Schema: 1, Dir: dir, Cuts: []proxy.Pair{}}
	layout, err := cluster.ReadLayout(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return s, usage("quorumlab cluster up --dir "+quoteArgument(dir), "there is no cluster in %s", dir)
	}
	if err != nil {
		return s, err
	}
	s.Protocol = layout.Protocol
	report, err := cluster.Send(ctx, dir, cluster.Order{Do: "status"})
	if err != nil && !errors.Is(err, cluster.ErrDown) {
		return s, err
	}
	s.Up = err == nil
	s.Cuts = append(s.Cuts, report.Cuts...)
	processes := map[protocols.NodeID]cluster.ProcessStatus{}
	for _, process := range report.Nodes {
		processes[process.ID] = process
	}
	client := door.NewClient(layout.Doors(), door.ClientOptions{})
	for _, node := range layout.Nodes {
		status := nodeStatus{ProcessStatus: processes[node.ID], Clients: node.Clients, Admin: node.Admin}
		if status.ID = node.ID; status.State == "" {
			status.State = "down"
		}
		if status.State == "running" {
			asking, cancel := context.WithTimeout(ctx, statusWithin)
			if said, err := client.Status(asking, node.Clients); err == nil {
				status.Door = &said
			}
			cancel()
		}
		s.Nodes = append(s.Nodes, status)
	}
	return s, nil
}

// tellStatus shows the status of a cluster.
func (l *lab) tellStatus(ctx context.Context, dir string, asJSON bool) error {
	s, err := l.status(ctx, dir)
	if err != nil {
		return err
	}
	if asJSON {
		return l.json(s)
	}
	for _, node := range s.Nodes {
		fmt.Fprintf(l.out, "n%d  %-8s", node.ID, node.State)
		switch {
		case node.Door != nil:
			role := node.Door.Role
			if node.Door.Leading {
				role += ", established"
			}
			fmt.Fprintf(l.out, "  %-22s epoch %-4d revision %-8d %s  pid %d", role, node.Door.Epoch, node.Door.Revision, node.Clients, node.PID)
		case node.State == "running":
			fmt.Fprintf(l.out, "  says nothing  %s  pid %d", node.Clients, node.PID)
		case node.Last != "":
			fmt.Fprintf(l.out, "  %s", node.Last)
		}
		fmt.Fprintln(l.out)
	}
	if len(s.Cuts) > 0 {
		words := make([]string, len(s.Cuts))
		for i, cut := range s.Cuts {
			words[i] = fmt.Sprintf("%d→%d", cut.From, cut.To)
		}
		fmt.Fprintf(l.out, "cut: %s\n", strings.Join(words, " "))
	}
	return nil
}

// tellCluster says what there is, and what can be tried.
func (l *lab) tellCluster(dir string) error {
	layout, err := cluster.ReadLayout(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(l.out, "%d nodes of %s in %s\n", len(layout.Nodes), layout.Protocol, dir)
	for _, node := range layout.Nodes {
		fmt.Fprintf(l.out, "n%d  clients http://%s  operators http://%s\n", node.ID, node.Clients, node.Admin)
	}
	l.hint("try:\n  quorumlab kv put a 1\n  quorumlab kv get a\n  quorumlab cluster status\n" +
		"  quorumlab cluster kill 1\n  quorumlab cluster restart 1\n  quorumlab cluster partition '1|2,3'\n" +
		"  quorumlab cluster heal\n  quorumlab cluster down")
	return nil
}
