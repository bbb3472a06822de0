// The smallest Gin application that answers the same requests by the same queries.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
)

type user struct {
	ID         string    `json:"id"`
	Email      string    `json:"email"`
	Name       string    `json:"name"`
	Role       string    `json:"role"`
	CreatedAt  time.Time `json:"created_at"`
	generation int
}

type users interface {
	find(ctx context.Context, id string) (user, error)
	list(ctx context.Context) ([]user, error)
}

type claims struct {
	Generation int `json:"gen"`
	jwt.RegisteredClaims
}

func main() {
	secret := []byte(os.Getenv("SECRET_KEY"))
	found := open(os.Getenv("DATABASE_URL"))
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()

	router.Use(func(c *gin.Context) {
		started := time.Now()
		c.Next()
		log.Info("request", "method", c.Request.Method, "path", c.Request.URL.Path, "status", c.Writer.Status(),
			"duration_ms", float64(time.Since(started).Microseconds())/1000)
	})
	router.Use(func(c *gin.Context) {
		var given claims
		token := strings.TrimPrefix(c.GetHeader("Authorization"), "Bearer ")
		_, err := jwt.ParseWithClaims(token, &given, func(*jwt.Token) (any, error) { return secret, nil })
		if err != nil {
			c.AbortWithStatus(http.StatusUnauthorized)
			return
		}
		caller, err := found.find(c.Request.Context(), given.Subject)
		if err != nil || caller.generation != given.Generation {
			c.AbortWithStatus(http.StatusUnauthorized)
			return
		}
		c.Set("caller", caller)
	})
	router.GET("/v1/users/:id", func(c *gin.Context) {
		one := c.MustGet("caller").(user)
		if id := c.Param("id"); id != one.ID {
			var err error
			if one, err = found.find(c.Request.Context(), id); err != nil {
				c.AbortWithStatus(http.StatusInternalServerError)
				return
			}
		}
		c.JSON(http.StatusOK, one)
	})
	router.GET("/v1/users", func(c *gin.Context) {
		many, err := found.list(c.Request.Context())
		if err != nil {
			c.AbortWithStatus(http.StatusInternalServerError)
			return
		}
		c.JSON(http.StatusOK, gin.H{"items": many[:min(len(many), 50)]})
	})
	if err := router.Run("127.0.0.1:" + os.Getenv("PORT")); err != nil {
		panic(err)
	}
}
