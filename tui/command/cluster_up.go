package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/network/tcp/cluster"
)

// newClusterUp makes `cluster up`.
func newClusterUp(l *lab) *cobra.Command {
	var flags clusterFlags
	var foreground bool
	cmd := &cobra.Command{
		Use:   "up --dir DIR",
		Short: "Start a cluster, and return when it serves",
		Long: "Up starts a cluster with all it keeps in a folder, and returns when it serves. If the\n" +
			"folder has a cluster already it is started again with its data; if it is up nothing is done.",
		Example: "  quorumlab cluster up --dir /tmp/q\n  quorumlab cluster up --dir /tmp/p --protocol paxos --nodes 5 --tls",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir := flags.dir
			if dir == "" {
				return usage("quorumlab cluster up --dir /tmp/q", "cluster up needs --dir DIR")
			}
			dir, err := filepath.Abs(dir)
			if err != nil {
				return err
			}
			flags.given = func(name string) bool { return cmd.Flags().Changed(name) }
			return l.clusterUp(cmd.Context(), dir, &flags, foreground)
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&foreground, "foreground", false, "stay until interrupted, and take the cluster down then")
	return cmd
}

func (l *lab) clusterUp(ctx context.Context, dir string, flags *clusterFlags, foreground bool) error {
	if _, err := cluster.Send(ctx, dir, cluster.Order{Do: "status"}); err == nil {
		if err := flags.fit(dir); err != nil {
			return err
		}
		l.hint("the cluster in %s is up already", dir)
		rememberCluster(dir)
		return l.tellCluster(dir)
	}
	if _, err := flags.options(dir, ""); err != nil { // before anything is there
		return err
	}
	program, err := keepProgram(dir)
	if err != nil {
		return usage("name a folder that can be written to, which need not exist", "%v", err)
	}
	var ended <-chan error
	if foreground {
		done := make(chan error, 1)
		go func() { done <- l.supervise(ctx, dir, program, flags) }()
		ended = done
	} else if ended, err = background(dir, program, flags); err != nil {
		return err
	}
	if err := l.awaitCluster(ctx, dir, ended); err != nil {
		return err
	}
	rememberCluster(dir)
	if err := l.tellCluster(dir); err != nil || !foreground {
		return err
	}
	return <-ended
}

// keepProgram puts a copy of this program into the cluster's folder: that of `go run`
// is gone when it returns, and a node may have to be started again.
func keepProgram(dir string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	name := filepath.Join(dir, programName)
	if here, err := os.Stat(self); err == nil {
		if there, err := os.Stat(name); err == nil && os.SameFile(here, there) {
			return name, nil
		}
	}
	os.Remove(name + ".new")
	if os.Link(self, name+".new") != nil {
		if err := copyProgram(self, name+".new"); err != nil {
			return "", err
		}
	}
	return name, os.Rename(name+".new", name)
}

func copyProgram(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// background starts the supervisor as a process that goes on when this one ends.
func background(dir, program string, flags *clusterFlags) (<-chan error, error) {
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(program, append([]string{"cluster", "supervise"}, flags.arguments(dir)...)...)
	command.Stdout, command.Stderr = log, log
	cluster.Background(command)
	if err := command.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		err := command.Wait()
		said, _ := os.ReadFile(filepath.Join(dir, "log"))
		ended <- fmt.Errorf("the supervisor has ended (%v); it said:\n%s", err, said)
	}()
	return ended, nil
}

// upWithin is how long a cluster may take to serve.
const upWithin = 60 * time.Second

// awaitCluster waits until all nodes answer a read.
func (l *lab) awaitCluster(ctx context.Context, dir string, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, upWithin)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		report, err := cluster.Send(ctx, dir, cluster.Order{Do: "status"})
		if err == nil {
			for _, node := range report.Nodes {
				if node.State == "exited" {
					said := tail(filepath.Join(dir, fmt.Sprintf("n%d", node.ID), "log"))
					cluster.Send(ctx, dir, cluster.Order{Do: "down"})
					return failure(fmt.Errorf("node %d has ended (%s); it said:\n%s", node.ID, node.Last, said))
				}
			}
			if err = allReady(ctx, dir); err == nil {
				return nil
			}
		}
		select {
		case err := <-ended:
			return failure(err)
		case <-ctx.Done():
			return failure(fmt.Errorf("the cluster does not serve: %w", err))
		case <-ticker.C:
		}
	}
}

// tail returns the last lines of a file.
func tail(name string) string {
	said, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// allReady returns why a node does not serve, if so.
func allReady(ctx context.Context, dir string) error {
	layout, err := cluster.ReadLayout(dir)
	if err != nil {
		return err
	}
	for _, node := range layout.Nodes {
		if err := ready(ctx, node.Admin); err != nil {
			return fmt.Errorf("node %d: %w", node.ID, err)
		}
	}
	return nil
}

func ready(ctx context.Context, admin string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := bufio.NewReader(response.Body).ReadString('\n')
		return errors.New(strings.TrimSpace(said))
	}
	return nil
}
