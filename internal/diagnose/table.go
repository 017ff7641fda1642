package diagnose

import "github.com/myodai/myodai"

// Group is the part of the list of causes that a cause belongs to.
type Group string

const (
	GroupName       Group = "A" // the owner name
	GroupAlias      Group = "B" // CNAME value and type
	GroupDKIM       Group = "C" // the text of a DKIM key
	GroupSPF        Group = "D"
	GroupReturnPath Group = "E"
	GroupDMARC      Group = "F"
	GroupZone       Group = "G" // delegation, DNS host, zone
	GroupWait       Group = "H" // nothing to do but wait
	GroupTracking   Group = "I" // tracking host and certificate
)

// Info is what is known of a cause beforehand.
type Info struct {
	Cause    myodai.Cause
	Group    Group
	Severity myodai.Severity // as a rule; a finding may be milder
	Kind     string          // of record it is about, in a few words
}

// Causes lists every cause, in the order of the groups.
func Causes() []Info { return append([]Info(nil), table...) }

// About is what is known of one cause; ok is false when there is none of that id.
func About(c myodai.Cause) (info Info, ok bool) {
	info, ok = byCause[c]
	return info, ok
}

var byCause = func() map[myodai.Cause]Info {
	m := make(map[myodai.Cause]Info, len(table))
	for _, info := range table {
		m[info.Cause] = info
	}
	return m
}()

// Severities, short enough for a table.
const (
	blocks  = myodai.SeverityBlocks
	fragile = myodai.SeverityFragile
	waits   = myodai.SeverityWait
	advice  = myodai.SeverityAdvice
)

var table = []Info{
	{NameSuffixDuplicated, GroupName, blocks, "DKIM/any"},
	{NameSubdomainDuplicated, GroupName, blocks, "any"},
	{NameMissingSubdomain, GroupName, blocks, "any"},
	{NameMissingDomainkeyLabel, GroupName, blocks, "DKIM"},
	{NameMissingSelector, GroupName, blocks, "DKIM"},
	{NameLabelsReversed, GroupName, blocks, "DKIM"},
	{NameTypo, GroupName, blocks, "any"},
	{NameSelectorConfusable, GroupName, blocks, "DKIM"},
	{NameUnderscoreMissing, GroupName, blocks, "DKIM/DMARC/ACME"},
	{NameUnderscoreToHyphen, GroupName, blocks, "DKIM/DMARC"},
	{NameDotLost, GroupName, blocks, "DKIM"},
	{NameWwwPrefix, GroupName, blocks, "any"},
	{RecordAtApex, GroupName, blocks, "DKIM/DMARC/bounce"},
	{DMARCAtApex, GroupName, blocks, "DMARC"},
	{NameFullwidthChars, GroupName, blocks, "any"},
	{NameInvisibleUnicode, GroupName, blocks, "any"},
	{HyphenLookalike, GroupName, blocks, "any"},
	{NameLiteralAtOrSpace, GroupName, blocks, "any"},
	{NameValueSwapped, GroupName, blocks, "CNAME"},
	{RecordsInSiblingDomain, GroupName, blocks, "any"},
	{NameUppercaseHarmless, GroupName, advice, "any"},
	{IDNNotPunycode, GroupName, blocks, "any"},
	{CNAMETargetSuffixAppended, GroupAlias, blocks, "CNAME"},
	{CNAMETargetTypo, GroupAlias, blocks, "CNAME"},
	{CNAMETargetTruncated, GroupAlias, blocks, "CNAME"},
	{CNAMETargetOtherTenant, GroupAlias, blocks, "CNAME"},
	{ValueOutdatedToken, GroupAlias, blocks, "CNAME/TXT"},
	{CNAMETargetsSwapped, GroupAlias, blocks, "CNAME pair"},
	{CNAMETargetsIdentical, GroupAlias, blocks, "CNAME pair"},
	{ValueOfPreviousProvider, GroupAlias, blocks, "any"},
	{ValueHasSchemeOrPath, GroupAlias, blocks, "CNAME"},
	{CNAMETargetUnderscoreAltered, GroupAlias, blocks, "ACME/any CNAME"},
	{CNAMETargetIsIP, GroupAlias, blocks, "CNAME"},
	{CNAMEEnteredAsTXT, GroupAlias, blocks, "CNAME"},
	{TXTEnteredAsCNAME, GroupAlias, blocks, "TXT"},
	{CNAMEResolvedIntoTXT, GroupAlias, fragile, "DKIM"},
	{CNAMEEnteredAsNS, GroupAlias, blocks, "CNAME"},
	{CNAMEEnteredAsMX, GroupAlias, blocks, "bounce"},
	{TrackingAInsteadOfCNAME, GroupAlias, blocks, "tracking"},
	{CNAMECopiedIP, GroupAlias, fragile, "tracking"},
	{CNAMEWithOtherData, GroupAlias, blocks, "CNAME"},
	{CNAMEMultiple, GroupAlias, blocks, "CNAME"},
	{CNAMEAtApex, GroupAlias, blocks, "bounce/tracking"},
	{CNAMEProxiedByCDN, GroupAlias, blocks, "CNAME"},
	{CNAMEFlattened, GroupAlias, fragile, "CNAME"},
	{ForwardingInsteadOfCNAME, GroupAlias, blocks, "tracking"},
	{CNAMELoop, GroupAlias, blocks, "CNAME"},
	{CNAMEChainTooLong, GroupAlias, fragile, "CNAME"},
	{CNAMEIntermediateOK, GroupAlias, advice, "CNAME"},
	{PlatformTargetMissing, GroupAlias, blocks, "CNAME"},
	{DNAMECoversRecord, GroupAlias, fragile, "DKIM"},
	{WildcardMasksRecord, GroupAlias, blocks, "any"},
	{WildcardTXTPollutes, GroupAlias, fragile, "DMARC/DKIM/SPF"},
	{WildcardShadowedBySubrecord, GroupAlias, blocks, "tracking"},
	{RecordOccludedByDelegation, GroupAlias, blocks, "any"},
	{ProviderForbidsUnderscore, GroupAlias, blocks, "DKIM/ACME"},
	{RecordMissing, GroupAlias, blocks, "any"},
	{DKIMTXTQuotesInside, GroupDKIM, blocks, "DKIM TXT"},
	{TXTSmartQuotes, GroupDKIM, blocks, "TXT"},
	{TXTEscapedSemicolons, GroupDKIM, blocks, "TXT"},
	{DKIMTXTTruncated255, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMPTruncated, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMPWhitespace, GroupDKIM, fragile, "DKIM TXT"},
	{DKIMTXTSplitRecords, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMTXTStringOrder, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMTXTStringOverlap, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMMultipleRecords, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMKeyOfOtherSelector, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMKeyMismatch, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMBase64Corrupted, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMBase64CaseChanged, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMPEMArmor, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMPrivateKeyPublished, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMPTagMissing, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMSyntax, GroupDKIM, blocks, "DKIM TXT"},
	{ValueContainsZoneLine, GroupDKIM, blocks, "TXT"},
	{DKIMRevoked, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMTestingFlag, GroupDKIM, fragile, "DKIM TXT"},
	{DKIMKeyTooShort, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMKey1024, GroupDKIM, advice, "DKIM TXT"},
	{DKIMEd25519Only, GroupDKIM, fragile, "DKIM TXT"},
	{DKIMHSHA1Only, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMSNotEmail, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMKMismatch, GroupDKIM, blocks, "DKIM TXT"},
	{DKIMTSWithSubdomain, GroupDKIM, fragile, "DKIM TXT"},
	{SPFMissing, GroupSPF, fragile, "SPF TXT"},
	{SPFMissingInclude, GroupSPF, blocks, "SPF"},
	{SPFMultipleRecords, GroupSPF, blocks, "SPF"},
	{SPFTooManyLookups, GroupSPF, blocks, "SPF"},
	{SPFLookupsNearLimit, GroupSPF, advice, "SPF"},
	{SPFVoidLookups, GroupSPF, fragile, "SPF"},
	{SPFIncludeTargetMissing, GroupSPF, blocks, "SPF"},
	{SPFIncludeSyntax, GroupSPF, blocks, "SPF"},
	{SPFIncludeAfterAll, GroupSPF, blocks, "SPF"},
	{SPFRedirectWithAll, GroupSPF, fragile, "SPF"},
	{SPFRedirectOnly, GroupSPF, blocks, "SPF"},
	{SPFPlusAll, GroupSPF, fragile, "SPF"},
	{SPFNoAll, GroupSPF, fragile, "SPF"},
	{SPFPTR, GroupSPF, fragile, "SPF"},
	{SPFType99, GroupSPF, fragile, "SPF"},
	{SPFWrongHost, GroupSPF, blocks, "SPF"},
	{SPFVersionBroken, GroupSPF, blocks, "SPF"},
	{SPFSpaceLost, GroupSPF, blocks, "SPF"},
	{SPFDashLookalike, GroupSPF, blocks, "SPF"},
	{SPFIPSyntax, GroupSPF, blocks, "SPF"},
	{SPFInOtherTXT, GroupSPF, blocks, "SPF"},
	{SPFIncludeLoop, GroupSPF, blocks, "SPF"},
	{SPFNestedOk, GroupSPF, advice, "SPF"},
	{SPFTooLarge, GroupSPF, advice, "SPF"},
	{SPFNotNeeded, GroupSPF, advice, "SPF"},
	{ReturnpathReplacedApexMX, GroupReturnPath, blocks, "bounce"},
	{ReturnpathNullMX, GroupReturnPath, blocks, "bounce"},
	{ReturnpathSPFMissing, GroupReturnPath, blocks, "bounce"},
	{ReturnpathExtraMX, GroupReturnPath, fragile, "bounce"},
	{MXTargetInvalid, GroupReturnPath, blocks, "bounce"},
	{ReturnpathNotAligned, GroupReturnPath, fragile, "bounce"},
	{DMARCMissing, GroupDMARC, blocks, "DMARC"},
	{DMARCInherited, GroupDMARC, advice, "DMARC"},
	{DMARCMultiple, GroupDMARC, blocks, "DMARC"},
	{DMARCInvalidP, GroupDMARC, blocks, "DMARC"},
	{DMARCVersionInvalid, GroupDMARC, blocks, "DMARC"},
	{DMARCSeparatorWrong, GroupDMARC, blocks, "DMARC"},
	{DMARCRUANoMailto, GroupDMARC, fragile, "DMARC"},
	{DMARCRUAExternalUnauthorized, GroupDMARC, fragile, "DMARC"},
	{DMARCRUAUndeliverable, GroupDMARC, fragile, "DMARC"},
	{DMARCSPNPConflict, GroupDMARC, fragile, "DMARC"},
	{DMARCStrictAlignment, GroupDMARC, blocks, "DMARC"},
	{DMARCDeprecatedTags, GroupDMARC, advice, "DMARC"},
	{DMARCTagIgnored, GroupDMARC, fragile, "DMARC"},
	{DMARCTestMode, GroupDMARC, advice, "DMARC"},
	{DMARCPSDMisused, GroupDMARC, fragile, "DMARC"},
	{DMARCPNone, GroupDMARC, advice, "DMARC"},
	{TXTValuesExchanged, GroupDMARC, blocks, "DMARC/SPF"},
	{WrongDNSHost, GroupZone, blocks, "zone"},
	{RegistrarDefaultNS, GroupZone, blocks, "zone"},
	{PanelChangeNotApplied, GroupZone, blocks, "zone"},
	{RecordsInPrivateZone, GroupZone, blocks, "zone"},
	{NSParentChildMismatch, GroupZone, fragile, "zone"},
	{LameDelegation, GroupZone, fragile, "zone"},
	{NSSplitAnswers, GroupZone, blocks, "zone"},
	{ZoneServFail, GroupZone, blocks, "zone"},
	{DNSSECBogus, GroupZone, blocks, "zone"},
	{DomainNotRegistered, GroupZone, blocks, "zone"},
	{DomainOnHold, GroupZone, blocks, "zone"},
	{DomainParked, GroupZone, blocks, "zone"},
	{AnswersDifferByRegion, GroupZone, fragile, "zone"},
	{TCPFallbackBlocked, GroupZone, fragile, "zone"},
	{ENTNXDOMAIN, GroupZone, fragile, "zone"},
	{RecordRemovedAfterVerification, GroupZone, blocks, "any"},
	{DomainConnectLost, GroupZone, blocks, "any"},
	{TTLTooLong, GroupZone, advice, "any"},
	{NegativeCachePending, GroupWait, waits, "any"},
	{OldValueCached, GroupWait, waits, "any"},
	{NSChangeInProgress, GroupWait, waits, "zone"},
	{AuthNotYetSynced, GroupWait, waits, "zone"},
	{CAAForbidsIssuer, GroupTracking, blocks, "CAA"},
	{CAALookupFails, GroupTracking, blocks, "CAA"},
	{ACMEChallengeMissing, GroupTracking, blocks, "ACME"},
	{ACMEChallengeTXTLeft, GroupTracking, blocks, "ACME"},
	{ACMEChallengeWrongLevel, GroupTracking, blocks, "ACME"},
	{ACMEChallengeProxied, GroupTracking, blocks, "ACME"},
	{TrackingHostUsedForSite, GroupTracking, blocks, "tracking"},
}
