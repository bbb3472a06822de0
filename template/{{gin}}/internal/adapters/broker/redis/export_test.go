package redis

import "time"

// ClaimAfter shortens the time after which another instance takes over.
func (b *Bus) ClaimAfter(after time.Duration) { b.claimAfter = after }
