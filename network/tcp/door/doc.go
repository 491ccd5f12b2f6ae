// Package door is how clients reach a real node: a key-value API in HTTP and JSON, the
// same in binary for those who ask much, a client for both in Go, and what operators
// ask: health, status, metrics.
//
// # The API
//
// Keys are UTF-8 of 1 to 1024 bytes, and do not begin with a zero byte. Values are
// strings of at most 1 MiB; one that is not UTF-8 travels as "base64" where else
// "value" stands. Any node may be asked for anything.
//
//	PUT    /v1/kv/KEY      {"value": "…"}                        → {}
//	GET    /v1/kv/KEY                                            → {"value": "…"}, or 404
//	GET    /v1/kv/KEY?consistency=local                            the same, perhaps stale
//	DELETE /v1/kv/KEY                                            → {"found": true}
//	POST   /v1/cas/KEY     {"expect": "…", "value": "…"}         → {"swapped": true, "found": true, "value": "…"}
//	                       {"absent": true, "value": "…"}          (found and value: what was there before)
//	POST   /v1/add/KEY     {"value": "5"}                        → {"swapped": true, "found": true, "value": "37"}
//	POST   /v1/txn         {"commands": [{"op": "cas", "key": "a", "expect": "1", "value": "2"},
//	                                     {"op": "put", "key": "b", "value": "x"}, …]}
//	                                                             → {"aborted": false, "results": [{…}, {}]}
//	GET    /v1/watch/KEY                                         → changes, as server-sent events
//	POST   /v1/session                                           → {"client": 7}
//	GET    /v1/status                                            → who the node is, and how it is
//	GET    /v1/connect   (Connection: Upgrade,                   → 101, and then the binary API
//	                      Upgrade: quorumlab-kv/1)
//
// The operations of a transaction are get, put, delete, cas and add. It takes effect
// as a whole, or not at all if the condition of one does not hold. To add is done
// only to whole numbers, and never to below zero.
//
// # Exactly once
//
// A request that may be repeated needs a name: the headers Quorumlab-Client, a number
// that POST /v1/session gave, and Quorumlab-Request, a number that grows with each of
// the client's requests. A client has one request under way at a time. The same
// request may be asked again, of any node, until it is answered: it takes effect once,
// and each answer is that of the first time. Without the headers each asking is a
// request of its own.
//
// # Errors
//
// An error has a JSON body: {"error": KIND, "done": "no" or "unknown", "message": …}.
// "no" means that on account of this asking nothing was done, and nothing will be.
// "unknown" means that nobody can tell: ask again under the same name, or look. Of an
// error without such a body (the connection broke, a proxy answered) nothing is known
// either.
//
//	400 bad-request     no       what was sent makes no sense; the message says why
//	404 not-found       no       the key has no value (as a linearizable read found it)
//	409 conflict        no       another command was in the way; also abort
//	410 session-gone    unknown  the client's session ended, and with it the knowledge of
//	                             what was done; open a new one
//	410 compacted       no       the changes that a watch asked for are not known any more
//	413 too-large       no
//	429 busy            no       too many requests are under way, or too many bytes of them
//	501 unsupported     no       the cluster is not configured for it
//	503 no-quorum       no       the node has no quorum or no leader; also not-leader, stopped
//	504 timeout         unknown  no answer in time (?timeout=5s; 10s if nothing is said)
//
// Large questions and answers share bounded room (Config.RequestBytes): what has no room
// is not read from any further, and gets busy after ten seconds. The first 16 KiB of a
// question need none, so small ones do not wait for large ones. A body that takes more
// than five seconds while others wait for room is cut off. An answer that is not taken
// within half a minute ends the connection; one larger than 8 MiB (16 MiB in HTTP) is
// not sent, but too-large is, done "unknown".
//
// # The binary API
//
// After 101 both ends send frames, as nodes do between each other (network.ReadFrame: the
// length of the payload, its CRC32C, and the CRC32C of these eight bytes, 32 bits each,
// most significant byte first; then the payload, at most 8 MiB). The client's are
// questions, the node's are answers, in any order; a question's number, which the
// client chooses, is its answer's. An empty frame is a sign of life, and not answered.
// It means, and bounds, the same as in HTTP. In a payload a number is an unsigned varint
// (LEB128), a text is its length as such a number and its bytes, a flag a byte, 0 or 1:
//
//	question     number, kind byte, and by kind
//	1 command        client, request (as in the headers; 0 and 0 for none), operation
//	2 transaction    client, request, count, operations
//	3 local read     text KEY
//	4 session
//	operation    byte 1 get 2 put 3 cas 4 delete 5 add, text KEY; put, cas, add: text
//	             value; cas: flag 0 if it is to be absent, or 1 and text expect
//
//	answer       number, kind byte, and by kind
//	0 error          flag: done is unknown, texts error, message, hint
//	1 result         result
//	2 transaction    flag aborted, text error, count, results
//	3 session        client
//	result       byte (1 found, 2 swapped, 3 both), text value, text error
//
// A read of a key without a value is no error here. What is no frame ends the
// connection. So do two minutes without a question, half a minute within one, ten
// seconds in which no answer is taken. At most 128 questions of a connection are read
// before there are answers, and none while 256 KiB of answers wait to be taken.
//
// # Watches
//
// /v1/watch/KEY tells each change of KEY, with ?prefix=true of all keys that begin so
// (KEY may then be empty), from now on, or from a revision (?from=R, or the header
// Last-Event-ID: R of a browser that comes back, which means from R+1). Revisions
// number the commands that changed something; they are the same at all nodes. Events
// are "ready" (with the revision after which nothing is missed), "change" and, before
// the node gives up on a reader that is too slow, "gap". The id of an event, the
// revision, comes with the last change of a transaction. With ?poll=30s the answer is
// instead one JSON object, {"revision": R, "changes": […]}, as soon as there is a
// change, or without any when the time is up: go on with from=R+1.
//
// # Operators
//
// The admin address, which should not be open to everybody, serves /healthz (the node
// runs), /readyz (a linearizable read is answered), /metrics (Prometheus) and
// /debug/pprof.
//
// The package knows one state machine, machine.Journal, and no protocol. Of this
// module it may import protocols, protocols/machine, network (for frames) and
// network/tcp.
package door
