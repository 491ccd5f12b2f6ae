package primarybackup

import (
	"maps"
	"slices"

	"quorumlab/protocols"
)

// Clients must get the result of each request at most once executed, from
// whichever node they ask, and no answer at all while it is not known. Each has
// one request under way; a newer one takes the older's place.

func (n *Node) onRequested(r protocols.Requested, out *protocols.Effects) {
	result, answered, over := n.Sessions.Answered(r.Client, r.Request)
	switch {
	case answered:
		out.Reply(r.Client, r.Request, result)
	case n.Sessions.Gone(r.Client, r.Request):
		out.Refuse(r.Client, r.Request, protocols.SessionGone)
	}
	if answered || over || r.Request < max(n.Writes[r.Client].Request, n.Reads[r.Client].Request) {
		return
	}
	result, query := n.Sessions.Query(r.Command)
	switch {
	case query && n.Settings.Reads == readsLocal:
		out.Reply(r.Client, r.Request, result)
	case query:
		delete(n.Writes, r.Client)
		n.Reads[r.Client] = Read{Request: r.Request, Command: r.Command}
		n.ask(r.Client, out)
	case n.Settings.Replication == replicationNone && n.Role == RoleBackup:
		// The answer comes through the log, and the log never comes here.
		out.Refuse(r.Client, r.Request, protocols.NotLeader)
	default:
		delete(n.Reads, r.Client)
		n.Writes[r.Client] = Write{Request: r.Request, Command: r.Command}
		n.ask(r.Client, out)
	}
}

// askAll brings all clients' open requests before the primary: the node's link
// to it is new, or the node has become it.
func (n *Node) askAll(out *protocols.Effects) {
	for _, client := range slices.Sorted(maps.Keys(n.Writes)) {
		n.ask(client, out)
	}
	for _, client := range slices.Sorted(maps.Keys(n.Reads)) {
		n.ask(client, out)
	}
	n.serveReads(out)
}

// ask brings a client's open request before the primary, if there is one to be
// asked; if not, askAll will when there is.
func (n *Node) ask(client protocols.ClientID, out *protocols.Effects) {
	primary := n.Settings.owner(n.Term)
	if write, open := n.Writes[client]; open {
		switch {
		case n.Role == RolePrimary:
			n.propose(client, write.Request, write.Command, out)
		case n.Following:
			out.Send(primary, Forward{Term: n.Term, Client: client, Request: write.Request, Command: write.Command})
		}
		return
	}
	read := n.Reads[client]
	switch {
	case read.Known:
	case n.Role == RolePrimary:
		read.Known, read.Index = true, n.Commit
		n.Reads[client] = read
		n.serveReads(out)
	case n.Following:
		out.Send(primary, ReadAsk{Term: n.Term, Client: client, Request: read.Request})
	}
}

// onAsked answers a backup, or keeps its request until the node has settled.
func (n *Node) onAsked(from protocols.NodeID, message protocols.Message, out *protocols.Effects) {
	if n.Role == RoleSettling {
		n.Held = append(n.Held, Held{From: from, Message: message})
	}
	if n.Role != RolePrimary {
		return
	}
	switch message := message.(type) {
	case Forward:
		n.propose(message.Client, message.Request, message.Command, out)
	case ReadAsk:
		out.Send(from, ReadIndex{
			Term: n.Term, Client: message.Client, Request: message.Request, Index: n.Commit,
		})
	}
}

// dropHeld forgets what a backup asked on a link that broke: it will ask again.
func (n *Node) dropHeld(from protocols.NodeID) {
	n.Held = slices.DeleteFunc(n.Held, func(h Held) bool { return h.From == from })
}

// propose appends a command to the log, unless it is there already.
func (n *Node) propose(client protocols.ClientID, request uint64, command protocols.Command, out *protocols.Effects) {
	if _, answered, over := n.Sessions.Answered(client, request); answered || over {
		return
	}
	for _, entry := range n.Log[n.at(n.Applied+1):] {
		if entry.Client == client && entry.Request >= request {
			return
		}
	}
	end := n.last()
	entry := Entry{
		Index: end.Index + 1, Term: n.Term, Prev: end.Term, Commit: n.Commit,
		Client: client, Request: request, Command: command,
	}
	n.extend([]Entry{entry}, out)
	out.Note(protocols.Note{Kind: protocols.Broadcast, Term: n.Term, Slot: entry.Index, Value: entry})
	n.ship(out)
}

// answer gives a client the result of its write, if it asked this node. Of one
// that was not executed now and whose first result is lost it says nothing.
func (n *Node) answer(entry Entry, result protocols.Result, fresh bool, out *protocols.Effects) {
	write, open := n.Writes[entry.Client]
	if !open || write.Request > entry.Request {
		return
	}
	_, answered, _ := n.Sessions.Answered(entry.Client, entry.Request)
	if write.Request == entry.Request && (fresh || answered) {
		out.Reply(entry.Client, entry.Request, result)
	}
	delete(n.Writes, entry.Client)
}

func (n *Node) onReadIndex(message ReadIndex, out *protocols.Effects) {
	read, open := n.Reads[message.Client]
	if !open || read.Request != message.Request || read.Known || n.Role != RoleBackup {
		return
	}
	read.Known, read.Index = true, message.Index
	n.Reads[message.Client] = read
	n.serveReads(out)
}

// serveReads answers the queries whose index is applied.
func (n *Node) serveReads(out *protocols.Effects) {
	if len(n.Reads) == 0 {
		return
	}
	for _, client := range slices.Sorted(maps.Keys(n.Reads)) {
		read := n.Reads[client]
		if !read.Known || n.Applied < read.Index {
			continue
		}
		delete(n.Reads, client)
		result, _ := n.Sessions.Query(read.Command)
		out.Reply(client, read.Request, result)
	}
}

// forgetReadIndices makes the reads ask anew: an index of an earlier term says
// nothing of the new primary's log.
func (n *Node) forgetReadIndices() {
	for _, client := range slices.Sorted(maps.Keys(n.Reads)) {
		read := n.Reads[client]
		read.Known, read.Index = false, 0
		n.Reads[client] = read
	}
}
