package command

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"quorumlab/network/tcp/door"
	"quorumlab/network/tcp/proxy"
	"quorumlab/protocols"
)

// The faults of torture. They strike one after the other: each begins, lasts for a
// while, and is repaired, and then there is a moment without any.

// tortureFault is one kind. strike begins it and repairs it.
type tortureFault struct {
	kind   string
	weight int // how often it is drawn
	strike func(t *tormented, ctx context.Context) error
}

func tortureFaults() []tortureFault {
	return []tortureFault{
		{"kill", 30, (*tormented).killOne},
		{"leader", 14, (*tormented).killLeader},
		{"all", 8, (*tormented).killAll},
		{"usurp", 6, (*tormented).usurp},
		{"pause", 8, (*tormented).pause},
		{"partition", 14, (*tormented).partition},
		{"isolate", 8, (*tormented).isolateLeader},
		{"oneway", 8, (*tormented).cutOneWay},
		{"flaky", 6, (*tormented).slowLinks},
		{"break", 4, (*tormented).breakLinks},
		{"full-disk", 2, (*tormented).fillDisk},
		{"clock", 4, (*tormented).jumpClock},
	}
}

func tortureKinds() []string {
	var kinds []string
	for _, f := range tortureFaults() {
		kinds = append(kinds, f.kind)
	}
	return kinds
}

// errSkip is the error of a fault that cannot strike now, or here.
var errSkip = errors.New("not possible")

// nodeOptions is how a node is started the next time.
type nodeOptions struct{ hold time.Duration }

// clockJump is by how much a clock jumps ahead.
const clockJump = 700 * time.Millisecond

// command is what a node is started with.
func (t *tormented) command(id protocols.NodeID, program string, arguments []string) *exec.Cmd {
	extra := []string{"--clock-jump", clockJump.String()}
	if t.flags.replay {
		arguments = traced(t.flags.dir, id, arguments)
	}
	if t.flags.mutant != "" {
		extra = append(extra, "--mutant", t.flags.mutant)
	}
	if hold := t.options[int(id)].hold; hold > 0 {
		extra = append(extra, "--disk-hold", hold.String())
	}
	return t.network.command(id, program, withOptions(arguments, extra...))
}

// drawHold draws how slow a node's disk is in its next life. With a mutant all are
// slow: what was not forced must be lost in a kill, and the system's cache loses
// nothing.
func (t *tormented) drawHold(node int) {
	hold := time.Duration(0)
	if t.flags.mutant != "" {
		hold = time.Duration(30+t.random.IntN(90)) * time.Millisecond
	} else if t.random.IntN(4) == 0 {
		hold = time.Duration(5+t.random.IntN(60)) * time.Millisecond
	}
	t.options[node] = nodeOptions{hold: hold}
}

// strike strikes until the time is up.
func (t *tormented) strike(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, t.flags.duration)
	defer cancel()
	faults := slices.DeleteFunc(tortureFaults(), func(f tortureFault) bool {
		return len(t.flags.faults) > 0 && !slices.Contains(t.flags.faults, f.kind)
	})
	skipped := map[string]string{}
	total := 0
	for _, f := range faults {
		total += f.weight
	}
	for t.rest(ctx, 100, 500) {
		draw := t.random.IntN(total)
		for _, f := range faults {
			if draw -= f.weight; draw >= 0 {
				continue
			}
			err := f.strike(t, ctx)
			switch {
			case errors.Is(err, errSkip):
				skipped[f.kind] = fmt.Sprintf("%s: %v", f.kind, err)
			case err != nil && ctx.Err() == nil:
				t.report.Exits = append(t.report.Exits, fmt.Sprintf("%s: %v", f.kind, err))
			default:
				t.report.Struck[f.kind]++
			}
			break
		}
		t.lookAfter()
	}
	t.report.Seconds = time.Since(t.began).Seconds()
	t.report.Skipped = append(t.report.Skipped, slices.Sorted(maps.Values(skipped))...)
}

// rest waits a drawn number of milliseconds. It reports false when the time is up.
func (t *tormented) rest(ctx context.Context, least, most int) bool {
	timer := time.NewTimer(time.Duration(least+t.random.IntN(most-least+1)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// lookAfter notes nodes that ended though nobody had killed them, and starts them
// again.
func (t *tormented) lookAfter() {
	for _, status := range t.cluster.Status() {
		switch status.State {
		case "exited":
			said := tail(t.cluster.LogFile(status.ID))
			t.report.Exits = append(t.report.Exits, fmt.Sprintf("node %d (%s), which said: %s", status.ID, status.Last, said))
		case "killed":
		default:
			continue
		}
		t.restart(int(status.ID))
	}
}

func (t *tormented) anyNode() int { return 1 + t.random.IntN(t.flags.nodes) }

// kill kills a node as kill -9 does.
func (t *tormented) kill(node int) error {
	if err := t.cluster.Kill(protocols.NodeID(node)); err != nil {
		return err
	}
	t.report.Kills++
	return nil
}

func (t *tormented) restart(node int) error {
	t.drawHold(node)
	return t.cluster.Restart(protocols.NodeID(node))
}

// killAndRestart kills nodes at once, and starts them again after a while.
func (t *tormented) killAndRestart(ctx context.Context, nodes []int, least, most int) error {
	var killed []int
	var errs []error
	for _, node := range nodes {
		if err := t.kill(node); err != nil {
			errs = append(errs, err)
			continue
		}
		killed = append(killed, node)
	}
	t.rest(ctx, least, most)
	for _, node := range killed {
		errs = append(errs, t.restart(node))
	}
	return errors.Join(errs...)
}

func (t *tormented) killOne(ctx context.Context) error {
	return t.killAndRestart(ctx, []int{t.anyNode()}, 50, 900)
}

func (t *tormented) killLeader(ctx context.Context) error {
	leader := t.leader(ctx)
	if leader == 0 {
		return t.killOne(ctx)
	}
	t.leaderKilled = append(t.leaderKilled, time.Since(t.began))
	err := t.killAndRestart(ctx, []int{leader}, 1200, 1800)
	t.rest(ctx, 300, 600)
	return err
}

func (t *tormented) killAll(ctx context.Context) error {
	var all []int
	for node := 1; node <= t.flags.nodes; node++ {
		all = append(all, node)
	}
	t.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	err := t.killAndRestart(ctx, all, 20, 300)
	t.rest(ctx, 500, 1500) // that something is done between
	return err
}

// leader returns who leads, by its own account and with the highest epoch; 0 if
// nobody does.
func (t *tormented) leader(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	doors := t.cluster.Layout().Doors()
	client := door.NewClient(doors, door.ClientOptions{})
	leader, epoch := 0, uint64(0)
	for _, address := range doors {
		if status, err := client.Status(ctx, address); err == nil && status.Leading && status.Epoch >= epoch {
			leader, epoch = int(status.ID), status.Epoch
		}
	}
	return leader
}

func (t *tormented) pause(ctx context.Context) error {
	node := t.anyNode()
	if leader := t.leader(ctx); leader > 0 && t.random.IntN(2) == 0 {
		node = leader
	}
	if err := t.cluster.Pause(protocols.NodeID(node)); err != nil {
		return err
	}
	t.rest(ctx, 200, 2500)
	return t.cluster.Resume(protocols.NodeID(node))
}

// usurp pauses the leader, kills all others at once and starts them again. When
// they have gone on without it, it wakes, takes itself for the leader as before, and
// goes on with what it had in hand: those who forgot what they promised to it, or
// to another, are found out.
func (t *tormented) usurp(ctx context.Context) error {
	leader := t.leader(ctx)
	if leader == 0 || t.flags.nodes < 3 {
		return fmt.Errorf("%w: nobody leads three or more nodes", errSkip)
	}
	if err := t.cluster.Pause(protocols.NodeID(leader)); err != nil {
		return err
	}
	var rest []int
	for node := 1; node <= t.flags.nodes; node++ {
		if node != leader {
			rest = append(rest, node)
		}
	}
	err := t.killAndRestart(ctx, rest, 10, 100)
	t.rest(ctx, 1500, 3500)
	err = errors.Join(err, t.cluster.Resume(protocols.NodeID(leader)))
	t.rest(ctx, 300, 1000)
	return err
}

// pairs returns those from a group to the rest, and back if both is true.
func (t *tormented) pairs(group map[int]bool, both bool) []proxy.Pair {
	var pairs []proxy.Pair
	for a := 1; a <= t.flags.nodes; a++ {
		for b := 1; b <= t.flags.nodes; b++ {
			if a != b && group[a] && !group[b] {
				pairs = append(pairs, proxy.Pair{From: protocols.NodeID(a), To: protocols.NodeID(b)})
				if both {
					pairs = append(pairs, proxy.Pair{From: protocols.NodeID(b), To: protocols.NodeID(a)})
				}
			}
		}
	}
	return pairs
}

func (t *tormented) cutFor(ctx context.Context, pairs []proxy.Pair) error {
	if len(pairs) == 0 {
		return fmt.Errorf("%w: there is one node only", errSkip)
	}
	if err := t.network.cut(pairs); err != nil {
		return err
	}
	t.rest(ctx, 500, 2500)
	return t.network.heal()
}

func (t *tormented) partition(ctx context.Context) error {
	group := map[int]bool{}
	for len(group) < (t.flags.nodes+1)/2 && len(group) < 1+t.random.IntN(t.flags.nodes) {
		group[t.anyNode()] = true
	}
	t.report.Partitions++
	return t.cutFor(ctx, t.pairs(group, true))
}

func (t *tormented) isolateLeader(ctx context.Context) error {
	leader := t.leader(ctx)
	if leader == 0 {
		leader = t.anyNode()
	}
	t.report.Partitions++
	return t.cutFor(ctx, t.pairs(map[int]bool{leader: true}, true))
}

func (t *tormented) cutOneWay(ctx context.Context) error {
	return t.cutFor(ctx, t.pairs(map[int]bool{t.anyNode(): true}, false))
}

func (t *tormented) slowLinks(ctx context.Context) error {
	pairs := t.pairs(map[int]bool{t.anyNode(): true}, t.random.IntN(2) == 0)
	if err := t.network.slow(time.Duration(10+t.random.IntN(200))*time.Millisecond, pairs); err != nil {
		return err
	}
	t.rest(ctx, 500, 2000)
	return t.network.slow(0, pairs)
}

func (t *tormented) breakLinks(ctx context.Context) error {
	for range 1 + t.random.IntN(5) {
		a, b := t.anyNode(), t.anyNode()
		if a == b {
			continue
		}
		if err := t.network.breakLink(protocols.NodeID(a), protocols.NodeID(b)); err != nil {
			return err
		}
		if !t.rest(ctx, 20, 200) {
			break
		}
	}
	return nil
}

// jumpClock has a node's clock jump ahead, by the node's own doing.
func (t *tormented) jumpClock(ctx context.Context) error {
	node := t.anyNode()
	for _, status := range t.cluster.Status() {
		if int(status.ID) == node && status.PID != 0 {
			return syscall.Kill(status.PID, syscall.SIGUSR1)
		}
	}
	return nil
}

// fillDisk fills the disk of the last node, which has a small one, until it stops.
func (t *tormented) fillDisk(ctx context.Context) error {
	node := t.flags.nodes
	disk := t.disks[node]
	if disk == nil {
		return fmt.Errorf("%w: a small disk to fill needs root and mount", errSkip)
	}
	if err := disk.fill(); err != nil {
		return err
	}
	stopped := false
	for range 40 {
		for _, status := range t.cluster.Status() {
			stopped = stopped || int(status.ID) == node && status.State == "exited"
		}
		if stopped || !t.rest(ctx, 100, 100) {
			break
		}
	}
	err := disk.free()
	if !stopped {
		return err // it had room enough
	}
	said := tail(t.cluster.LogFile(protocols.NodeID(node)))
	if !strings.Contains(said, "no space left") {
		err = errors.Join(err, fmt.Errorf("node %d ended on a full disk without saying so: %s", node, said))
	}
	return errors.Join(err, t.restart(node))
}

// smallDisk is a small file system of its own for a node's data.
type smallDisk struct{ dir, ballast string }

const smallDiskBytes = 256 << 20

// prepareDisk gives the last node a small disk, if that is possible here.
func (t *tormented) prepareDisk(node int) {
	t.drawHold(node)
	if node != t.flags.nodes || os.Geteuid() != 0 || len(t.flags.faults) > 0 && !slices.Contains(t.flags.faults, "full-disk") {
		return
	}
	disk := &smallDisk{dir: t.nodeFile(node, "data"), ballast: t.nodeFile(node, "data/ballast")}
	if os.MkdirAll(disk.dir, 0o755) != nil {
		return
	}
	if syscall.Mount("tmpfs", disk.dir, "tmpfs", 0, fmt.Sprintf("size=%d", smallDiskBytes)) == nil {
		t.disks[node] = disk
	}
}

func (d *smallDisk) fill() error {
	file, err := os.Create(d.ballast)
	if err != nil {
		return err
	}
	defer file.Close()
	var there syscall.Statfs_t
	for err == nil { // what the node frees meanwhile is taken too
		if err = syscall.Statfs(d.dir, &there); err != nil || there.Bavail == 0 {
			break
		}
		at, _ := file.Seek(0, 2)
		err = syscall.Fallocate(int(file.Fd()), 0, at, int64(there.Bavail)*int64(there.Bsize))
	}
	if errors.Is(err, syscall.ENOSPC) {
		return nil
	}
	return err
}

func (d *smallDisk) free() error { return os.Remove(d.ballast) }

func (d *smallDisk) remove() { syscall.Unmount(d.dir, syscall.MNT_DETACH) }
