/** The OpenAPI document, and a page on which people read it and try it. */

import { TITLE } from "../../about.ts";
import { documentOf } from "./openapi.ts";
import { publicRoute, type Route } from "./routes.ts";

const SWAGGER_UI = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.35.0";

const PAGE = `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${TITLE}</title>
    <link rel="stylesheet" href="${SWAGGER_UI}/swagger-ui.css" crossorigin="anonymous"
      integrity="sha384-WlYgdmXYOOBWL5apwjDEZwN+U3HmXSSu5R6V5aGxEcf7z+KuRNwBhoxKVN1i3D5I">
  </head>
  <body>
    <div id="page"></div>
    <script src="${SWAGGER_UI}/swagger-ui-bundle.js" crossorigin="anonymous"
      integrity="sha384-gjRm0bEPMeTmMh5jT2cHccIwCUZSTd8YC+j0d0sXw0MdGEfScduGpSyF3ZSSLkX9"></script>
    <script>
      SwaggerUIBundle({ url: "/openapi.json", dom_id: "#page", deepLinking: true });
    </script>
  </body>
</html>
`;

export function documentationRoutes(routes: readonly Route[]): Route[] {
  const document = documentOf(routes);
  const described = { method: "get", tag: "operations", responses: {} } as const;
  return [
    publicRoute({
      ...described,
      path: "/openapi.json",
      operationId: "openapi",
      summary: "This document",
      handle: () => ({ body: document }),
    }),
    publicRoute({
      ...described,
      path: "/docs",
      operationId: "docs",
      summary: "This document, as a page",
      handle: () => ({ type: "text/html; charset=utf-8", body: PAGE }),
    }),
  ];
}
