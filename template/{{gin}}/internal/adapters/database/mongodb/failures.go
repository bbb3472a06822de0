package mongodb

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"service/internal/domain"
)

// notServing are the codes of a server that lets nobody in, shuts down, recovers, or is no primary any more.
var notServing = []int{18, 91, 189, 10107, 11600, 11602, 13435, 13436}

// explained says whether the database is at fault.
func explained(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || errors.Is(err, domain.ErrUnavailable) || !isDown(err) {
		return err
	}
	return doesNotAnswer(err)
}

func doesNotAnswer(cause error) error {
	return domain.ErrUnavailable.From(cause, "The database does not answer.")
}

// isDown tells whether the server or the connection to it is at fault, and not the command.
func isDown(err error) bool {
	if mongo.IsNetworkError(err) || mongo.IsTimeout(err) || errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	_, isLost := errors.AsType[topology.ConnectionError](err)
	_, isNowhere := errors.AsType[topology.ServerSelectionError](err)
	var isCleared driver.RetryablePoolError // Of a pool that another command's failure has emptied; no connection was used.
	return isLost || isNowhere || errors.As(err, &isCleared) || hasCode(err, notServing...)
}

func hasCode(err error, codes ...int) bool {
	answered, isAnswer := errors.AsType[mongo.ServerError](err)
	if !isAnswer {
		return false
	}
	for _, code := range codes {
		if answered.HasErrorCode(code) {
			return true
		}
	}
	return false
}

// isNew tells whether a document was written, and not kept out by one with the same key.
func isNew(err error) (bool, error) {
	if mongo.IsDuplicateKeyError(err) {
		return false, nil
	}
	return err == nil, err
}

func orNotFound(err error) error {
	if errors.Is(err, mongo.ErrNoDocuments) {
		return domain.ErrNotFound
	}
	return err
}
