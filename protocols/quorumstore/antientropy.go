package quorumstore

import (
	"slices"
	"time"

	"quorumlab/protocols"
)

// Anti-entropy (Demers et al. 1987; with Merkle trees: DeCandia et al. 2007,
// section 4.7) makes replicas equal that no write and no read brings together.
// Now and then a node compares with another one the keys that both own: first
// the hash of all, then, level by level, those of the ranges that differ, and
// only what lies in leaves that differ is shipped. Every message stands for
// itself, so any of them may be lost, doubled or late.

// The Texts of Synchronized, that say how a node got what it lacked.
const (
	antiEntropy = "anti-entropy"
	diskIsBack  = "what the disk had lost is back"
)

// The tree has treeFan^treeDepth leaves; the upper bits of a key's place on the
// ring, treeBits of them, tell in which one it lies.
const (
	treeFan    = 8
	treeDepth  = 3
	treeBits   = 9
	treeLeaves = 1 << treeBits
)

// tree holds the hashes of the leaves.
type tree [treeLeaves]uint64

// leafOf returns the leaf in which a key lies.
func leafOf(key string) int { return int(placeOf(key) >> (64 - treeBits)) }

// tree returns the tree over the keys that the node and a peer both own.
// Tombstones that are old are left out: when one is removed does not matter.
func (n *Node) tree(now time.Duration, peer protocols.NodeID) *tree {
	var t tree
	for _, key := range sortedKeys(n.Cells) {
		if cell := n.Cells[key]; n.shared(now, peer, key, cell) {
			leaf := leafOf(key)
			t[leaf] = hashedCell(hashed(t[leaf], key), cell.Versions)
		}
	}
	return &t
}

func (n *Node) shared(now time.Duration, peer protocols.NodeID, key string, cell Cell) bool {
	return n.Settings.owns(peer, key) && !expired(cell.Versions, now, n.Settings.TombstoneAge)
}

func hashedCell(hash uint64, versions []Version) uint64 {
	for i := range versions {
		s := versions[i].Stamp
		hash = hashedNumber(hashedNumber(hash, uint64(s.Time)), uint64(s.Node))
		hash = hashedNumber(hashedNumber(hash, uint64(s.Client)), s.Request)
		for _, seen := range versions[i].Context {
			hash = hashedNumber(hashedNumber(hash, uint64(seen.Client)), seen.Request)
		}
	}
	return mixed(hash)
}

// width returns how many ranges a level has; the root's is 0.
func width(level int) int {
	ranges := 1
	for range level {
		ranges *= treeFan
	}
	return ranges
}

// at returns the hash of a range: the index'th of a level.
func (t *tree) at(level, index int) uint64 {
	span := treeLeaves / width(level)
	hash := uint64(hashStart)
	for _, leaf := range t[index*span : (index+1)*span] {
		hash = (hash ^ leaf) * hashPrime
	}
	return mixed(hash)
}

func (n *Node) syncLater(out *protocols.Effects) {
	every := n.Settings.SyncEvery
	if n.Damaged {
		every = n.Settings.Tick
	}
	if every > 0 {
		out.SetTimer(protocols.Timer{Name: timerSync}, every, every*3/2)
	}
}

// onSyncDue compares with the next node, a damaged node with all that it needs.
func (n *Node) onSyncDue(now time.Duration, out *protocols.Effects) {
	n.syncLater(out)
	var peers []protocols.NodeID
	for _, node := range n.Settings.Members {
		if node != n.Settings.Self && n.Settings.together(node) {
			peers = append(peers, node)
		}
	}
	if len(peers) == 0 {
		return
	}
	n.Round = n.next()
	if !n.Damaged {
		next := max(0, slices.IndexFunc(peers, func(node protocols.NodeID) bool { return node > n.Peer }))
		peers = peers[next : next+1]
		n.Peer = peers[0]
	}
	for _, peer := range peers {
		if !slices.Contains(n.Synced, peer) || !n.Damaged {
			root := Range{Hash: n.tree(now, peer).at(0, 0)}
			out.Send(peer, Digest{Round: n.Round, Ranges: []Range{root}})
		}
	}
}

// together tells whether some key has both the node and another as its owners.
func (s *Settings) together(node protocols.NodeID) bool {
	for start := range s.Ring {
		if owners := s.from(start)[:s.N]; slices.Contains(owners, s.Self) && slices.Contains(owners, node) {
			return true
		}
	}
	return false
}

// onDigest compares, and goes on with what differs.
func (n *Node) onDigest(now time.Duration, from protocols.NodeID, digest Digest, out *protocols.Effects) {
	if digest.Level < 0 || digest.Level > treeDepth {
		return
	}
	own := n.tree(now, from)
	var differ []int
	for _, r := range digest.Ranges {
		if r.Index < 0 || r.Index >= width(digest.Level) {
			return
		}
		if r.Hash != own.at(digest.Level, r.Index) {
			differ = append(differ, r.Index)
		}
	}
	switch {
	case len(differ) == 0:
		if digest.Level == 0 && !n.Damaged {
			out.Send(from, Agreed{Round: digest.Round, Hash: own.at(0, 0)})
		}
	case digest.Level < treeDepth:
		next := Digest{Round: digest.Round, Back: !digest.Back, Level: digest.Level + 1}
		for _, index := range differ {
			for child := index * treeFan; child < (index+1)*treeFan; child++ {
				next.Ranges = append(next.Ranges, Range{Index: child, Hash: own.at(next.Level, child)})
			}
		}
		out.Send(from, next)
	default:
		out.Send(from, n.contents(now, from, differ))
	}
}

// contentsMax is how many entries are shipped at a time, or those of one leaf.
// What is left over is shipped in the next rounds.
const contentsMax = 128

// contents returns what the node holds in leaves that differ from a peer's.
func (n *Node) contents(now time.Duration, peer protocols.NodeID, leaves []int) Contents {
	found := make([][]Entry, treeLeaves)
	for _, key := range sortedKeys(n.Cells) {
		if cell := n.Cells[key]; slices.Contains(leaves, leafOf(key)) && n.shared(now, peer, key, cell) {
			found[leafOf(key)] = append(found[leafOf(key)], Entry{Key: key, Versions: cell.Versions})
		}
	}
	contents := Contents{Answer: true}
	for _, leaf := range leaves {
		if len(contents.Entries) > 0 && len(contents.Entries)+len(found[leaf]) > contentsMax {
			break
		}
		contents.Leaves = append(contents.Leaves, leaf)
		contents.Entries = append(contents.Entries, found[leaf]...)
	}
	return contents
}

// onContents takes up what the node lacks, and ships back what the other does.
func (n *Node) onContents(now time.Duration, from protocols.NodeID, contents Contents, out *protocols.Effects) {
	theirs := map[string][]Version{}
	lacked := false
	for _, entry := range contents.Entries {
		theirs[entry.Key] = entry.Versions
		if n.Keeps(entry.Key) && !coversAll(n.Cells[entry.Key].Versions, entry.Versions) {
			lacked = true
			n.keep(Writing{Key: entry.Key, Versions: entry.Versions}, out)
		}
	}
	if lacked {
		out.Note(protocols.Note{Kind: protocols.Synchronized, Slot: uint64(from), Text: antiEntropy})
	}
	if !contents.Answer {
		return
	}
	back := n.contents(now, from, contents.Leaves)
	back.Answer = false
	back.Entries = slices.DeleteFunc(back.Entries, func(e Entry) bool { return coversAll(theirs[e.Key], e.Versions) })
	if len(back.Entries) > 0 {
		out.Send(from, back)
	}
}

// onAgreed takes note that another node holds the same. A damaged node is whole
// again when it has found so with as many owners of each of its keys that one
// of them has every write that W owners had kept.
func (n *Node) onAgreed(now time.Duration, from protocols.NodeID, agreed Agreed, out *protocols.Effects) {
	if !n.Damaged || agreed.Round != n.Round || agreed.Hash != n.tree(now, from).at(0, 0) ||
		slices.Contains(n.Synced, from) {
		return
	}
	n.Synced = append(n.Synced, from)
	need := min(n.Settings.N-1, n.Settings.N-n.Settings.W+1)
	for start := range n.Settings.Ring {
		owners := n.Settings.from(start)[:n.Settings.N]
		synced := 0
		for _, owner := range owners {
			if slices.Contains(n.Synced, owner) {
				synced++
			}
		}
		if slices.Contains(owners, n.Settings.Self) && synced < need {
			return
		}
	}
	n.Damaged, n.Synced = false, nil
	out.Note(protocols.Note{Kind: protocols.Synchronized, Text: diskIsBack})
	n.persist(Writing{}, out, protocols.SetMeta{Meta: Meta{Life: n.Life}})
}
