package machine

// Types returns a zero value of every type that this package puts where the
// contract says StateMachine, Command, Result, Record or Message. A protocol that
// replicates into a Sessions adds them to its own.
func Types() []any {
	return []any{
		(*KV)(nil),
		Command{},
		Result{},
		Transaction{},
		TransactionResult{},
		Expire{},
		SessionsSnapshot{},
		KVSnapshot{},
		SessionsPart{},
		KVPart{},
		Chunk{},
		(*Journal)(nil),
		JournalPages{},
		JournalPagesPart{},
	}
}
