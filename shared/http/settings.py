"""Whose tokens are believed (`TANDEM_AUTH__…`)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from shared.http.principals import Role

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]


class AuthSettings(BaseModel):
    """Whose tokens are believed, and how this service names itself to the others."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    issuer: str = Field(min_length=1, description="`iss` of the access tokens.")
    audience: str = Field("tandem", min_length=1, description="`aud` of the access tokens.")
    jwks: str = Field(min_length=1, description="Where the issuer's public keys are: a URL, or a file (demo).")
    algorithms: tuple[str, ...] = Field(("RS256", "PS256", "ES256", "EdDSA"), description="Signature algorithms that are believed.")
    member_claim: str = Field("sub", description="The claim that carries Tandem's member id.")
    roles_claim: str = Field("roles", description="The claim that carries roles or groups.")
    programmes_claim: str = Field("programmes", description="The claim that names a programme administrator's programmes.")
    role_map: dict[str, Role] = Field(default_factory=dict, description='Groups to roles, JSON: {"GG-HR": "hr_admin"}.')
    service_token: SecretStr | None = Field(None, description="A ready token for reads between services (demo).")
    token_url: Url | None = Field(None, description="Where client credentials are changed into a token.")
    client_id: str | None = Field(None, description="This service's name at the issuer.")
    client_secret: SecretStr | None = Field(None, description="Its secret there.")

    @field_validator("algorithms")
    @classmethod
    def _asymmetric(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or any(name not in ALGORITHMS for name in value):
            raise ValueError(f"only {', '.join(ALGORITHMS)} are possible")
        return value
